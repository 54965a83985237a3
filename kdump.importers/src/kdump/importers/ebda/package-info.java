// SPDX-License-Identifier: Apache-2.0

/** The extended BIOS data area, where servers with Calgary chips have their table of these. */
package kdump.importers.ebda;
