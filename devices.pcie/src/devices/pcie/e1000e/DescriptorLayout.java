// SPDX-License-Identifier: Apache-2.0
package devices.pcie.e1000e;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Descriptors: 16 bytes, a low and a high quadword each; fields are numbered within theirs.
 *
 * <p>Source: 82574 datasheet, "Receive Descriptor Format", "Extended Rx Descriptor", "Legacy
 * Transmit Descriptor Format", "Extended Data Descriptor", "Context Descriptor".
 */
final class DescriptorLayout {

    static final int BYTES = 16;
    static final int HIGH = 8;

    // ---- received, legacy: high quadword -------------------------------------------------------

    static final BitField RX_LENGTH = bits(15, 0);
    static final BitField RX_DD = bit(32);
    static final BitField RX_EOP = bit(33);
    /** No checksum was looked at. */
    static final BitField RX_IXSM = bit(34);
    /** Of a frame to a group or everybody: not one of the exact addresses. */
    static final BitField RX_PIF = bit(39);
    /** Where the status byte is. */
    static final int RX_STATUS = 12;

    // ---- received, extended: high quadword; the low one is all zeros ---------------------------

    static final BitField RX_EXTENDED_DD = bit(0);
    static final BitField RX_EXTENDED_EOP = bit(1);
    static final BitField RX_EXTENDED_PIF = bit(7);
    static final BitField RX_EXTENDED_LENGTH = bits(47, 32);
    static final int RX_EXTENDED_STATUS = 8;

    // ---- to be transmitted: high quadword ------------------------------------------------------

    /** Legacy: length, where a checksum goes and where it begins. */
    static final BitField TX_LENGTH = bits(15, 0);
    static final BitField TX_CSO = bits(23, 16);
    static final BitField TX_CSS = bits(47, 40);
    static final BitField TX_IC = bit(26);
    /** Extended: length, kind, which checksums. */
    static final BitField TX_EXTENDED_LENGTH = bits(19, 0);
    static final BitField TX_DTYP = bits(23, 20);
    static final int TX_DTYP_CONTEXT = 0;
    static final BitField TX_TSE = bit(26);
    static final BitField TX_IXSM = bit(40);
    static final BitField TX_TXSM = bit(41);
    /** Both. */
    static final BitField TX_EOP = bit(24);
    static final BitField TX_IFCS = bit(25);
    static final BitField TX_RS = bit(27);
    static final BitField TX_DEXT = bit(29);
    static final BitField TX_IDE = bit(31);
    static final BitField TX_DD = bit(32);
    /** Where the status is, and bytes of it that are written back. */
    static final int TX_STATUS = 12;
    static final int TX_STATUS_BYTES = 4;

    // ---- context: low quadword -----------------------------------------------------------------

    static final BitField IPCSS = bits(7, 0);
    static final BitField IPCSO = bits(15, 8);
    static final BitField IPCSE = bits(31, 16);
    static final BitField TUCSS = bits(39, 32);
    static final BitField TUCSO = bits(47, 40);
    static final BitField TUCSE = bits(63, 48);

    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private DescriptorLayout() { }

    static long quadword(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    static void quadword(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }
}
