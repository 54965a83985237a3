// SPDX-License-Identifier: Apache-2.0

/** The commands of ./lab: what they take, and how they print results for people and programs. */
package kdump.lab.shell;
