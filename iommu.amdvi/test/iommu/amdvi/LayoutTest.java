// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layouts against values of real machines and against each other. */
class LayoutTest {

    /** The entry of 00:08.0 in the capture amd1: four quadwords and what an own walker read. */
    @Test
    void aRealDeviceTableEntryIsReadRight() {
        long q0 = 0x6000_0000_022c_8603L;
        assertThat(DeviceTableEntry.V.isSet(q0)).isTrue();
        assertThat(DeviceTableEntry.TV.isSet(q0)).isTrue();
        assertThat(DeviceTableEntry.MODE.of(q0)).isEqualTo(3);
        assertThat(DeviceTableEntry.PT_ROOT.inPlace(q0)).isEqualTo(0x22c_8000);
        assertThat(DeviceTableEntry.IR.isSet(q0)).isTrue();
        assertThat(DeviceTableEntry.IW.isSet(q0)).isTrue();
        long q2 = 0x2000_0000_0123_4013L;
        assertThat(DeviceTableEntry.IV.isSet(q2)).isTrue();
        assertThat(DeviceTableEntry.INT_TAB_LEN.of(q2)).isEqualTo(9);
        assertThat(DeviceTableEntry.INT_CTL.of(q2)).isEqualTo(DeviceTableEntry.INT_REMAP);
        assertThat(DeviceTableEntry.INT_ROOT.of(q2) << 6).isEqualTo(0x123_4000);
        assertThat(DeviceTableEntry.interruptTableBytes(q2, 16)).isEqualTo(8192);
    }

    @ParameterizedTest
    @CsvSource({"0x0", "0x1000", "0x8000", "0x7000", "0x7fff8000", "0x80000000",
        "0x000ffffffffff000", "0x000a5a5a5a5a5000"})
    void theGuestTablesAddressLiesInThreePieces(String text) {
        long root = Long.decode(text);
        long q0 = DeviceTableEntry.withGcr3Low(-1L, root);
        long q1 = DeviceTableEntry.withGcr3High(-1L, root);
        assertThat(DeviceTableEntry.gcr3Root(q0, q1)).isEqualTo(root);
        assertThat(q0 | DeviceTableEntry.GCR3_14_12.mask()).isEqualTo(-1L);
        assertThat(q1 | DeviceTableEntry.GCR3_30_15.mask() | DeviceTableEntry.GCR3_51_31.mask())
                .isEqualTo(-1L);
    }

    @Test
    void theControlOfTheRecordingMeansWhatItShould() {
        long control = 0x3f48f;
        assertThat(Control.IOMMU_EN.isSet(control)).isTrue();
        assertThat(Control.EVENT_LOG_EN.isSet(control)).isTrue();
        assertThat(Control.EVENT_INT_EN.isSet(control)).isTrue();
        assertThat(Control.CMD_BUF_EN.isSet(control)).isTrue();
        assertThat(Control.COHERENT.isSet(control)).isTrue();
        assertThat(Control.INV_TIME_OUT.of(control)).isEqualTo(4);
        assertThat(Control.GA_EN.isSet(control)).isTrue();
        assertThat(Control.XT_EN.isSet(control)).isFalse();
    }

    @Test
    void theFeaturesOfTheRecordingHaveTheKernelsNames() {
        assertThat(ExtendedFeature.names(0x29d3))
                .isEqualTo(List.of("PreF", "PPR", "GT", "IA", "GA", "HE"));
        assertThat(ExtendedFeature.levels(0x29d3)).isEqualTo(6);
        assertThat(ExtendedFeature.levels(0)).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({"0x0, 13", "0x1000, 14", "0x3000, 15", "0x7f000, 20", "0xff000, 21",
        "0x200000, 13", "0x201000, 14"})
    void aPagesSizeIsInItsAddress(String address, int shift) {
        long entry = 0x6000_0000_0000_0e01L | Long.decode(address);
        assertThat(PageTableEntry.encodedShift(entry)).isEqualTo(shift);
    }

    @ParameterizedTest
    @CsvSource({"13", "16", "20", "24", "31", "38"})
    void sizesAreEncodedAsTheyAreRead(int shift) {
        long page = 0x3L << 40;
        long entry = PageTableEntry.encodedAddress(page, shift);
        assertThat(PageTableEntry.encodedShift(entry)).isEqualTo(shift);
        assertThat(entry & -(1L << shift)).isEqualTo(page);
    }

    /** Address, bytes, and the range that the command names then: its start and its logarithm. */
    @ParameterizedTest
    @CsvSource({"0x7000, 0x1000, 0x7000, 12", "0x6000, 0x2000, 0x6000, 13",
        "0x7000, 0x2000, 0x0, 16", "0x8000, 0x8000, 0x8000, 15", "0x8000, 0x9000, 0x0, 17",
        "0x200000, 0x200000, 0x200000, 21", "0x0, 0x8000000000000, 0x0, 51"})
    void aCommandNamesTheSmallestRangeThatHoldsThePages(String address, String bytes,
            String start, int shift) {
        long q1 = Command.pages(Long.decode(address), Long.decode(bytes), true);
        assertThat(Command.PDE.isSet(q1)).isTrue();
        assertThat(Command.pagesShift(q1)).isEqualTo(shift);
        assertThat(Command.ADDRESS.inPlace(q1) & -(1L << shift)).isEqualTo(Long.decode(start));
    }

    @Test
    void allPagesAreTheWholeAddressSpace() {
        assertThat(Command.pagesShift(Command.ALL_PAGES | 1)).isEqualTo(64);
        assertThat(Command.pages(0, 1L << 60, false)).isEqualTo(Command.ALL_PAGES | 1);
    }

    @Test
    void everyEventCodeIsFoundByItsNumber() {
        for (EventCode code : EventCode.values()) {
            assertThat(EventCode.of(code.number())).isSameAs(code);
        }
        assertThat(EventCode.of(0)).isNull();
        assertThat(EventCode.of(16)).isNull();
        assertThat(EventCode.of(-1)).isNull();
    }

    @Test
    void anEventsLowQuadwordIsPutTogether() {
        assertThat(Event.low(EventCode.IO_PAGE_FAULT, 0x48, 0xd, Event.PRESENT | Event.WRITE
                | Event.PERMISSION)).isEqualTo(0x2070_000d_0000_0048L);
    }

    @Test
    void aWideInterruptEntrysDestinationLiesInTwoPieces() {
        assertThat(WideInterruptEntry.destination(0x1234_5600L, 0xab00_0000_0000_0000L))
                .isEqualTo(0xab12_3456L);
    }

    @Test
    void sizesOfTablesAndBuffersComeFromTheirBases() {
        assertThat(AmdViRegisters.deviceTableBytes(0x011d_0007)).isEqualTo(0x8000);
        assertThat(AmdViRegisters.bufferBytes(0x0900_0000_011c_8000L)).isEqualTo(8192);
    }
}
