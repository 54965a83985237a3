// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.vtd.FaultReason;
import iommu.vtd.FaultRecording;
import iommu.vtd.linux.settings.FaultLines;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the lines of one record say, for every reason in the words of every time. */
class FaultLineFormatTest {

    private static final int FIRST_OF_INTERRUPTS = 0x20;
    private static final int FIRST_OF_SCALABLE_MODE = 0x30;

    private static long record(int reason, int source, boolean read, int pasid) {
        long high = FaultRecording.FR.with(FaultRecording.F.mask(), reason);
        high = FaultRecording.T.with(FaultRecording.SID.with(high, source), read ? 1 : 0);
        return pasid < 0 ? high : FaultRecording.PV.with(FaultRecording.PP.with(high, 1), pasid);
    }

    private static boolean isOfInterrupts(FaultReason reason) {
        return reason.number() >= FIRST_OF_INTERRUPTS && reason.number() < FIRST_OF_SCALABLE_MODE;
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(FaultLines.class)
    void everyReasonHasItsNumberAndItsSentence(FaultLines lines) {
        boolean hex = lines.compareTo(FaultLines.HEXADECIMAL) >= 0;
        boolean knowsAll = lines.compareTo(FaultLines.PASID) >= 0;
        for (FaultReason reason : FaultReason.values()) {
            int number = reason.number();
            List<String> told = lines.fault(record(number, 0x0210, true, -1), 0x5000);
            String expected = (hex ? String.format("[fault reason 0x%02x] ", number)
                    : String.format("[fault reason %02d] ", number))
                    + (knowsAll || number < FIRST_OF_SCALABLE_MODE ? FaultReason.text(number)
                            : "Unknown");
            assertThat(told.get(told.size() - 1)).endsWith(expected);
            assertThat(told).hasSize(lines.limited() ? 1 : 2);
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(FaultLines.class)
    void interruptsHaveAnIndexAndOthersAnAddress(FaultLines lines) {
        for (FaultReason reason : FaultReason.values()) {
            String first = lines.fault(record(reason.number(), 0x0210, false, -1),
                    0x1234_0000_0000_5000L).get(0);
            assertThat(first.contains("fault index ")).isEqualTo(isOfInterrupts(reason));
            assertThat(first.contains("fault addr ")).isEqualTo(!isOfInterrupts(reason));
            assertThat(first.contains("INTR-REMAP")).isEqualTo(isOfInterrupts(reason));
            assertThat(first.contains("DMA Write")).isEqualTo(!isOfInterrupts(reason));
            assertThat(first).contains(isOfInterrupts(reason) ? "1234" : "1234000000005000");
        }
    }

    @ParameterizedTest(name = "{0}, source {1}, PASID {2}")
    @CsvSource(delimiter = '|', value = {
        "BARE        | 0x0210 | -1   | DMAR:[DMA Read] Request device [02:02.0] fault addr 7000 ",
        "MODULE_NAME | 0xffff | -1   | dmar: DMAR:[DMA Read] Request device [ff:1f.7] fault addr"
            + " 7000 ",
        "SUBSYSTEM   | 0x0008 | -1   | DMAR: DMAR:[DMA Read] Request device [00:01.0] fault addr"
            + " 7000 ",
        "ONE_LINE    | 0x0008 | 0x45 | DMAR: [DMA Read] Request device [00:01.0] fault addr 7000 ",
        "PASID       | 0x0008 | 0x45 | DMAR: [DMA Read] Request device [00:01.0] PASID 45 fault"
            + " addr 7000 ",
        "PASID       | 0x0008 | -1   | DMAR: [DMA Read] Request device [00:01.0] PASID ffffffff"
            + " fault addr 7000 ",
        "HEXADECIMAL | 0x1ff9 | 0x45 | DMAR: [DMA Read PASID 0x45] Request device [0x1f:0x1f.1]"
            + " fault addr 0x7000 ",
        "HEXADECIMAL | 0x0008 | -1   | DMAR: [DMA Read NO_PASID] Request device [0x00:0x01.0]"
            + " fault addr 0x7000 ",
        "PLAIN_IDS   | 0x1ff9 | 0    | DMAR: [DMA Read PASID 0x0] Request device [1f:1f.1] fault"
            + " addr 0x7000 ",
        "PLAIN_IDS   | 0x0008 | 0xfffff | DMAR: [DMA Read PASID 0xfffff] Request device [00:01.0]"
            + " fault addr 0x7000 "})
    void theFirstLineSaysWhoAndWhere(FaultLines lines, String source, String pasid, String begin) {
        List<String> told = lines.fault(record(6, Integer.decode(source), true,
                Integer.decode(pasid)), 0x7000);
        assertThat(told.get(0)).startsWith(begin.strip());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {"BARE | DRHD: handling fault status reg 302",
        "MODULE_NAME | dmar: DRHD: handling fault status reg 302",
        "SUBSYSTEM | DMAR: DRHD: handling fault status reg 302",
        "PLAIN_IDS | DMAR: DRHD: handling fault status reg 302"})
    void theStatusIsHexadecimalAtAllTimes(FaultLines lines, String line) {
        assertThat(lines.status(0x302)).isEqualTo(line);
    }
}
