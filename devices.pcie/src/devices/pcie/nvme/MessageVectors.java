// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.bits.BitField;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;

/** How many interrupt vectors a function can have, by its capabilities. */
final class MessageVectors {

    private static final BitField TABLE_SIZE = BitField.bits(10, 0);
    private static final BitField MULTIPLE_MESSAGE_CAPABLE = BitField.bits(3, 1);

    private MessageVectors() { }

    static int of(PciFunction function) {
        int table = Capabilities.find(function::readConfig, Capabilities.MSI_X);
        if (table != 0) {
            return (int) TABLE_SIZE.of(function.readConfig(table + 2, 2)) + 1;
        }
        int messages = Capabilities.find(function::readConfig, Capabilities.MSI);
        return messages == 0 ? 1 : 1 << (int) MULTIPLE_MESSAGE_CAPABLE.of(
                function.readConfig(messages + 2, 2));
    }
}
