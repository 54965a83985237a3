// SPDX-License-Identifier: Apache-2.0

/** How answers are told, as text and as JSON. */
package kdump.lab.shell.report;
