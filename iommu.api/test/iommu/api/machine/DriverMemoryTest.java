// SPDX-License-Identifier: Apache-2.0
package iommu.api.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.memory.AddressRange;
import iommu.api.pcie.Capabilities;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What drivers map, virtual functions, and the edges of regions. */
class DriverMemoryTest {

    private static final int PHYSICAL = 0x0300;

    // ---- memory of drivers ----------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 0, 0, 0", "4096, 4096, 4096, 0", "1, 0, 0, 0x200000",
        "0, 0, 1, 0xc0000000", "0, 4096, 0, 0x400000"})
    void whatADriverCanMapIsTaken(int readWrite, int readOnly, int writeOnly, String bytes) {
        var memory = new DriverMemory(8, readWrite, readOnly, writeOnly, Long.decode(bytes));
        assertThat(memory.readWrite() + memory.readOnly() + memory.writeOnly())
                .isEqualTo(readWrite + readOnly + writeOnly);
        assertThat(memory.registeredBytes()).isEqualTo((long) Long.decode(bytes));
    }

    @ParameterizedTest
    @CsvSource({"-1, 0, 0, 0", "0, -1, 0, 0", "0, 0, -1, 0", "4097, 0, 0, 0", "0, 4097, 0, 0",
        "0, 0, 4097, 0", "0, 0, 0, -2097152", "0, 0, 0, 1", "0, 0, 0, 4096",
        "0, 0, 0, 2097151", "0, 0, 0, 2097153", "0, 0, 0, 3223322624"})
    void anythingElseIsRefusedWithItsNumbers(int readWrite, int readOnly, int writeOnly,
            long bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DriverMemory(8, readWrite, readOnly, writeOnly, bytes))
                .withMessage(readWrite + ", " + readOnly + ", " + writeOnly + " pages, " + bytes
                        + " bytes registered");
    }

    // ---- virtual functions ----------------------------------------------------------------------

    private static FakeFunction withVirtual(int at, int total, int offset, int stride) {
        var function = new FakeFunction(PHYSICAL, 0x020000);
        if (at > 0x100) {
            function.set(0x100, 4, at << 20 | 0x1_0001);
        }
        function.set(at, 4, 0x1_0000 | Capabilities.SINGLE_ROOT);
        function.set(at + 0x0e, 2, total);
        function.set(at + 0x14, 2, offset);
        function.set(at + 0x16, 2, stride);
        return function;
    }

    @ParameterizedTest(name = "at {0}")
    @CsvSource({"0x100, 1", "0x140, 8", "0xfc0, 65535", "0x200, 256"})
    void theCapabilitySaysHowManyThereAre(String offset, int total) {
        int at = Integer.decode(offset);
        assertThat(VirtualFunctions.of(withVirtual(at, total, 0x80, 2)))
                .isEqualTo(new VirtualFunctions(at, total, 0x80, 2));
    }

    @Test
    void withoutItOrWithNoneThereAreNone() {
        assertThat(VirtualFunctions.of(new FakeFunction(PHYSICAL, 0x020000))).isNull();
        assertThat(VirtualFunctions.of(withVirtual(0x100, 0, 0x80, 2))).isNull();
        assertThat(VirtualFunctions.of((at, bytes) -> -1 >>> 32 - 8 * bytes))
                .as("nobody answers").isNull();
    }

    @ParameterizedTest(name = "{0}: {1} and {2} times {3}")
    @CsvSource({"0x0300, 0x01, 0, 1, 0x0301", "0x0300, 0x01, 6, 1, 0x0307",
        "0x0300, 0x01, 7, 1, 0x0308", "0x0300, 0x80, 0, 2, 0x0380", "0x0300, 0x80, 64, 2, 0x0400",
        "0x0300, 0x100, 0, 1, 0x0400", "0x10300, 0x100, 3, 8, 0x10418",
        "0xff00, 0x100, 0, 1, 0x0000", "0x1ff00, 0x100, 1, 1, 0x10001",
        "0x0300, 0xffff, 0, 1, 0x02ff", "0x7fff0300, 0xffff, 1, 0xffff, 0x7fff02fe"})
    void theyLieBehindThePhysicalFunctionInItsSegment(String physical, String first, int index,
            String stride, String requester) {
        var functions = new VirtualFunctions(0x100, 256, Integer.decode(first),
                Integer.decode(stride));
        assertThat(functions.requester(Integer.decode(physical), index))
                .isEqualTo((int) Integer.decode(requester));
    }

    @ParameterizedTest
    @CsvSource({"0x0000, false", "0x0001, true", "0x0008, false", "0x0009, true",
        "0xfffe, false", "0xffff, true"})
    void theyAreThereWhileTheirBitIsSet(String control, boolean enabled) {
        FakeFunction function = withVirtual(0x140, 8, 0x80, 2);
        function.set(0x148, 2, Integer.decode(control));
        assertThat(VirtualFunctions.of(function).enabled(function)).isEqualTo(enabled);
    }

    @Seeds(count = 5)
    void idsGoUpByTheStrideAndWrapAtTheEndOfTheSegment(long seed) {
        var random = new RandomStream(seed, "virtual");
        for (int round = 0; round < 100; round++) {
            int physical = random.nextInt(1 << 24);
            var functions = new VirtualFunctions(0x100, 64, random.nextInt(1 << 16),
                    random.nextInt(1 << 16));
            long expected = (physical & 0xffff) + functions.firstOffset();
            for (int i = 0; i < functions.count(); i++) {
                assertThat(functions.requester(physical, i)).isEqualTo(
                        (int) (physical >>> 16 << 16 | expected % 65536));
                expected += functions.stride();
            }
        }
    }

    // ---- regions --------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"0, 0x1000", "0x1000, 0x2000", "0xfffff000, 0x100000000",
        "0xfffffffffffff000, 0", "0x8000000000000000, 0"})
    void wholePagesUpToTheTopAreTaken(String start, String end) {
        var range = new AddressRange(parse(start), parse(end));
        assertThat(new ReservedRegion(range, List.of()).range()).isEqualTo(range);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 00000000-00000000", "0xfff, 0x1000, 00000fff-00000fff",
        "0x1000, 0x1fff, 00001000-00001ffe",
        "0x800, 0x1800, 00000800-000017ff"})
    void partsOfPagesAreRefusedWithTheRange(String start, String end, String told) {
        var range = new AddressRange(parse(start), parse(end));
        assertThat(range).hasToString(told);
        assertThatIllegalArgumentException().isThrownBy(() -> new ReservedRegion(range, List.of()))
                .withMessage("reserved region " + told + " is no whole pages");
    }

    private static long parse(String hex) {
        return Long.parseUnsignedLong(hex.replace("0x", ""), hex.startsWith("0x") ? 16 : 10);
    }
}
