// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import iommu.api.memory.AddressRange;

/**
 * One line of /proc/iomem.
 *
 * @param index of the line in the file, from 0
 * @param parent place of the enclosing line in the list of lines; -1 at top level
 * @param range addresses
 * @param label name of the resource
 */
public record IomemLine(int index, int parent, AddressRange range, String label) { }
