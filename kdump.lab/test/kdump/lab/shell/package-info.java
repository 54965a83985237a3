// SPDX-License-Identifier: Apache-2.0

/** The commands over a lab that is none: what they ask for, and what they make of the answers. */
package kdump.lab.shell;
