// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;

/**
 * The index-data pair in I/O space, by which software without memory access reaches ABAR. One
 * thread.
 *
 * <p>Source: AHCI 1.3.1, "Serial ATA Capability", "Index-Data Pair registers".
 */
final class IndexedAccess {

    private static final int SERIAL_ATA = 0x12;
    private static final BitField LOCATION = bits(3, 0);
    private static final BitField OFFSET = bits(23, 4);
    private static final int FIRST_LOCATION = 4;
    private static final int IO_BYTES = 32;
    private static final int BARS = 0x10;
    private static final int INDEX_MASK = 0xffc;

    private final int bar;
    private final int index;
    private int selected;

    private IndexedAccess(int bar, int index) {
        this.bar = bar;
        this.index = index;
    }

    /** Returns that of a function; null if it has none in I/O space. */
    static IndexedAccess of(PciFunction function) {
        int at = Capabilities.find(function::readConfig, SERIAL_ATA);
        if (at == 0) {
            return null;
        }
        int place = function.readConfig(at + 4, 4);
        int bar = (int) LOCATION.of(place) - FIRST_LOCATION;
        int offset = 4 * (int) OFFSET.of(place);
        boolean isIo = bar >= 0 && bar < AhciLayout.ABAR
                && (function.readConfig(BARS + 4 * bar, 4) & 1) != 0;
        return isIo && offset <= IO_BYTES - 8 ? new IndexedAccess(bar, offset) : null;
    }

    Bar bar() {
        return Bar.io(bar, IO_BYTES);
    }

    long read(HostBusAdapter adapter, long offset, int bytes) {
        if (offset == index) {
            return selected;
        }
        return offset == index + 4 ? adapter.readRegister(AhciLayout.ABAR, selected, bytes) : 0;
    }

    void write(HostBusAdapter adapter, long offset, int bytes, long value) {
        if (offset == index) {
            selected = (int) value & INDEX_MASK;
        } else if (offset == index + 4) {
            adapter.writeRegister(AhciLayout.ABAR, selected, bytes, value);
        }
    }
}
