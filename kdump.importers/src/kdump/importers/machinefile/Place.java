// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import iommu.api.machine.FormatException;

/**
 * Where something stands in a machine file.
 *
 * @param file for people
 * @param path of the member, such as {@code functions[3].bars[0].address}
 * @param line counted from 1
 * @param column counted from 1
 */
record Place(String file, String path, int line, int column) {

    FormatException wrong(String found, String expected) {
        return new FormatException(file, line, "line " + line + ", column " + column + ", "
                + path, found, expected);
    }
}
