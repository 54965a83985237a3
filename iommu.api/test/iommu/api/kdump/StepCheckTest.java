// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.unit.AdoptDepth;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The edge between what a machine may refuse and what no kernel could ask of one. */
class StepCheckTest {

    private static final AddressRange PAGE = new AddressRange(0x1000, 0x2000);

    private static void holds(boolean possible, Step step, String word) {
        String wrong = StepCheck.wrong(step);
        if (possible) {
            assertThat(wrong).isNull();
        } else {
            assertThat(wrong).contains(word);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 4, true", "0, 8, true", "4, 4, true", "4, 8, false", "8, 8, true",
        "1048572, 4, true", "1048568, 8, true", "1048572, 8, false", "1048576, 4, false",
        "-4, 4, false", "-8, 8, false", "2, 4, false", "0, 1, false", "0, 2, false",
        "0, 16, false", "0, 0, false", "2147483644, 4, false"})
    void registersAreAccessedWholeWithinTheirMebibyte(int offset, int bytes, boolean possible) {
        String words = "an access of " + bytes + " bytes at offset " + offset;
        holds(possible, new Step.WriteRegister(0, offset, bytes, 0), words);
        holds(possible, new Step.WaitRegister(0, offset, bytes, 0, 0, 1), words);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, true", "4095, 1, true", "4096, 1, false", "4094, 2, true",
        "4095, 2, false", "1, 2, false", "4092, 4, true", "4094, 4, false", "0, 8, false",
        "0, 3, false", "-1, 1, false", "-4, 4, false", "0, 0, false"})
    void configSpaceHas4096Bytes(int offset, int bytes, boolean possible) {
        holds(possible, new Step.WriteConfig(0x200, offset, bytes, 0),
                "an access of " + bytes + " bytes at offset " + offset);
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "3600000000000, true", "3600000000001, false",
        "-1, false", "9223372036854775807, false", "-9223372036854775808, false"})
    void nobodyWaitsMoreThanAnHour(long nanos, boolean possible) {
        holds(possible, new Step.Sleep(nanos), nanos + " ns, not of 0 to 3600000000000");
        holds(possible, new Step.WaitRegister(0, 0, 4, 1, 1, nanos), nanos + " ns");
    }

    @ParameterizedTest
    @CsvSource({"0, true", "8, true", "0x1001, false", "0x1004, false", "-8, true",
        "-1, false"})
    void memoryIsWrittenByWords(String address, boolean possible) {
        holds(possible, new Step.WriteMemory(Long.decode(address), 0), "no multiple of 8");
    }

    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "4096, true", "4097, false"})
    void aConsoleTakesLinesOf4096Characters(int length, boolean possible) {
        holds(possible, new Step.Print("x".repeat(length)), "more than 4096 characters");
    }

    @ParameterizedTest
    @CsvSource({"0, false", "1, true", "200, true", "201, false"})
    void aRemarkIsAClause(int length, boolean possible) {
        holds(possible, new Step.Remark("x".repeat(length)), "no reason");
        holds(false, new Step.Remark(null), "no reason");
        holds(false, new Step.Remark("  "), "no reason");
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0x2000, true", "0, 0x1000, true", "0x1000, 0x1800, false",
        "0x800, 0x2000, false", "0x1001, 0x2000, false"})
    void rangesAreWholePages(String start, String end, boolean possible) {
        var range = new AddressRange(Long.decode(start), Long.decode(end));
        holds(possible, new Step.ReserveIova(range), "no whole pages");
        holds(possible, new Step.IdentityMap(8, range), "no whole pages");
    }

    @Test
    void whatIsNotThereIsNamed() {
        holds(false, null, "null among its steps");
        holds(false, new Step.CopyTables(0, null), "no depth");
        holds(true, new Step.CopyTables(0, AdoptDepth.CONTEXTS), "");
        holds(false, new Step.ReserveIova(null), "no range");
        holds(false, new Step.IdentityMap(8, null), "no range");
        holds(false, new Step.AdoptTables(0, null), "no depth");
        holds(false, new Step.Print(null), "no line");
    }

    /** Units and functions that are not there are the machine's to refuse. */
    @Test
    void whoIsMeantIsNotLookedAt() {
        for (Step step : new Step[] {new Step.InitialiseInterrupts(-1), new Step.StartClean(99),
            new Step.DisableTranslation(Integer.MIN_VALUE),
            new Step.AdoptTables(77, AdoptDepth.CONTEXTS), new Step.IdentityMap(-1, PAGE),
            new Step.WriteConfig(-1, 0, 4, 0), new Step.WriteRegister(-5, 0, 4, 0)}) {
            holds(true, step, "");
        }
    }
}
