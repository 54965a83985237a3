// SPDX-License-Identifier: Apache-2.0

/** What commands print, as whole texts and whole documents. */
package kdump.lab.shell.report;
