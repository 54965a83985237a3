// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.interrupts;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.sim.RandomStream;
import iommu.api.unit.Interrupt;
import iommu.testkit.seeds.Seeds;
import iommu.vtd.FaultRecording;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.VtdRegisters;
import iommu.vtd.unit.Bench;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which sources an interrupt entry is for: SVT, SQ and SID, all of them against all. */
class SourceVerificationTest {

    private static final int RESERVED = 0x24;
    private static final int WRONG_SOURCE = 0x26;

    private final Bench bench = Bench.legacy();

    /** Has a source ask for entry 0; returns the reason, 0 if it gets through. */
    private int ask(int source, int svt, int qualifier, int sid) {
        long high = InterruptRemapEntry.SVT.with(
                InterruptRemapEntry.SQ.with(sid, qualifier), svt);
        bench.memory.write64(bench.interruptEntry(0), 1 | 0x41L << 16);
        bench.memory.write64(bench.interruptEntry(0) + 8, high);
        bench.submit(4, 0);
        long outcome = bench.unit.interrupt(source, 0xfee0_0010L, 0);
        return Interrupt.isBlocked(outcome) ? Interrupt.reason(outcome) : 0;
    }

    /** As the manual's table of SVT and SQ has it, in words of its own. */
    private static int expected(int source, int svt, int qualifier, int sid) {
        String[] compared = {"1111111111111111", "1111111111111011", "1111111111111001",
            "1111111111111000"};
        if (svt == 1) {
            int mask = Integer.parseInt(compared[qualifier], 2);
            return (source & mask) == (sid & mask) ? 0 : WRONG_SOURCE;
        }
        int bus = source / 256;
        boolean within = sid / 256 <= bus && bus <= sid % 256;
        return svt == 0 || svt == 2 && within ? 0 : svt == 3 ? RESERVED : WRONG_SOURCE;
    }

    @Seeds
    void anEntryIsForTheSourcesThatItSays(long seed) {
        bench.remapInterrupts();
        var random = new RandomStream(seed, "vtd sources");
        int passed = 0;
        for (int i = 0; i < 600; i++) {
            int sid = random.nextInt(0x1_0000);
            int source = switch (random.nextInt(3)) {
                case 0 -> sid ^ random.nextInt(8);
                case 1 -> sid & 0xff00 | random.nextInt(256);
                default -> random.nextInt(0x1_0000);
            };
            int svt = random.nextInt(4);
            int qualifier = random.nextInt(4);
            int reason = ask(source, svt, qualifier, sid);
            assertThat(reason).as("source %04x, SVT %d, SQ %d, SID %04x", source, svt, qualifier,
                    sid).isEqualTo(expected(source, svt, qualifier, sid));
            passed += reason == 0 ? 1 : 0;
        }
        assertThat(passed).isBetween(150, 450);
    }

    /** First and last bus of a range belong to it; a range that ends before it begins has none. */
    @ParameterizedTest(name = "bus {0} in {1}")
    @CsvSource({"0x10, 0x1020, true", "0x20, 0x1020, true", "0x18, 0x1020, true",
        "0x0f, 0x1020, false", "0x21, 0x1020, false", "0x10, 0x1010, true", "0x11, 0x1010, false",
        "0x18, 0x2010, false", "0x0, 0x00ff, true", "0xff, 0x00ff, true"})
    void busRangesAreClosed(String bus, String range, boolean passes) {
        bench.remapInterrupts();
        assertThat(ask(Integer.decode(bus) << 8 | 0x7f, 2, 0, Integer.decode(range)))
                .isEqualTo(passes ? 0 : WRONG_SOURCE);
    }

    @Test
    void ofQemuFirstAndLastBusAreExchanged() {
        var qemu = Bench.legacy(Bench.CAP, Bench.ECAP, Map.of("registersAsQemu", 1L));
        qemu.remapInterrupts();
        qemu.memory.write64(qemu.interruptEntry(0), 1 | 0x41L << 16);
        qemu.memory.write64(qemu.interruptEntry(0) + 8, 0x2010 | 2L << 18);
        assertThat(Interrupt.isBlocked(qemu.unit.interrupt(0x1800, 0xfee0_0010L, 0))).isFalse();
        assertThat(Interrupt.isBlocked(qemu.unit.interrupt(0x2100, 0xfee0_0010L, 0))).isTrue();
    }

    /** What QEMU 11.1 recorded of entries of which the manual says more. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"SVT 3, 0x410001, 0xc0028, 0x26, 0x24", "IM, 0x418001, 0, 0, 0x24",
        "destination beyond xAPIC, 0x1000410001, 0, 0, 0x24",
        "bit 12, 0x411001, 0, 0x24, 0x24", "bit 24, 0x1410001, 0, 0x24, 0x24",
        "bit 84, 0x410001, 0x100000, 0x24, 0x24"})
    void ofQemuEntriesAreCheckedLess(String name, String low, String high, String qemus,
            String manuals) {
        for (long as : new long[] {0, 1}) {
            var unit = Bench.legacy(Bench.CAP & ~(1L << 59), Bench.ECAP,
                    Map.of("registersAsQemu", as, "qemuVersion", 11L));
            unit.remapInterrupts();
            unit.memory.write64(unit.interruptEntry(0), Long.decode(low));
            unit.memory.write64(unit.interruptEntry(0) + 8, Long.decode(high));
            long outcome = unit.unit.interrupt(Bench.DEVICE, 0xfee0_0010L, 0);
            assertThat(Interrupt.isBlocked(outcome) ? Interrupt.reason(outcome) : 0)
                    .isEqualTo(Integer.decode(as == 1 ? qemus : manuals));
            assertThat(Interrupt.isPosted(outcome)).isFalse();
        }
    }

    /** The index of the request stands in the record, however it was put together. */
    @ParameterizedTest(name = "handle {0}, sub-handle {1}")
    @CsvSource({"0, 0", "3, 0", "3, 7", "0, 200", "250, 5"})
    void aWrongSourceIsRecordedWithTheIndex(int handle, int subHandle) {
        bench.remapInterrupts();
        int index = handle + subHandle;
        bench.memory.write64(bench.interruptEntry(index), 1);
        bench.memory.write64(bench.interruptEntry(index) + 8, 0x0200 | 1L << 18);
        bench.unit.interrupt(Bench.DEVICE, 0xfee0_0018L | (long) handle << 5, subHandle);
        assertThat(bench.read(VtdRegisters.faultRecordLow(bench.cap, 0)) >>> 48).isEqualTo(index);
        long high = bench.read(VtdRegisters.faultRecordHigh(bench.cap, 0));
        assertThat(FaultRecording.FR.of(high)).isEqualTo(WRONG_SOURCE);
        assertThat(FaultRecording.SID.of(high)).isEqualTo(Bench.DEVICE);
    }

    /** Of a request with sub-handle only the low half of the data is one; without, none of it. */
    @ParameterizedTest(name = "SHV {0}, data {1}")
    @CsvSource({"false, 0x7, 3", "true, 0x7, 10", "false, 0xffff, 3", "true, 0x0, 3"})
    void theSubHandleCountsOnlyWhereItIsValid(boolean valid, String data, int index) {
        bench.remapInterrupts();
        bench.memory.write64(bench.interruptEntry(index), 1 | 0x55L << 16);
        long outcome = bench.unit.interrupt(Bench.DEVICE,
                0xfee0_0010L | (valid ? 8 : 0) | 3 << 5, Integer.decode(data));
        assertThat(Interrupt.isBlocked(outcome)).isFalse();
        assertThat(Interrupt.vector(outcome)).isEqualTo(0x55);
    }
}
