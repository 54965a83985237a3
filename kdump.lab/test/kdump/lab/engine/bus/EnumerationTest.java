// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.bus;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import iommu.testkit.seeds.Seeds;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a kernel that enumerates a function leaves of its interrupts. */
class EnumerationTest {

    private static final int STATUS = 0x06;
    private static final int POINTER = 0x34;
    private static final int MSI = 0x05;
    private static final int MSI_X = 0x11;
    private static final int EXPRESS = 0x10;

    private final FakeFunction function = new FakeFunction(0x100, 0x010802);

    @BeforeEach
    void identify() {
        function.writeConfig(0, 4, 0x1234_8086);
        function.writeConfig(STATUS, 2, 0x10);
    }

    /** Puts a capability somewhere, with a pointer to the next. */
    private void capability(int at, int id, int next, int control) {
        function.writeConfig(at, 1, id);
        function.writeConfig(at + 1, 1, next);
        function.writeConfig(at + 2, 2, control);
    }

    @ParameterizedTest
    @CsvSource({"5, 0xffff, 0xfffe", "5, 0x0001, 0x0000", "5, 0x0080, 0x0080",
        "0x11, 0xffff, 0x7fff", "0x11, 0x8003, 0x0003", "0x11, 0x0003, 0x0003",
        "0x10, 0xffff, 0xffff", "1, 0x8001, 0x8001", "0, 0xffff, 0xffff"})
    void onlyTheEnableOfMessagesIsCleared(String id, String control, String left) {
        function.writeConfig(POINTER, 1, 0x50);
        capability(0x50, Integer.decode(id), 0, Integer.decode(control));
        assertThat(Enumeration.enumerate(function)).isTrue();
        assertThat(function.readConfig(0x52, 2)).isEqualTo(Integer.decode(left));
        assertThat(function.busMaster()).as("untouched").isTrue();
    }

    @Test
    void allCapabilitiesOfTheListAreVisited() {
        function.writeConfig(POINTER, 1, 0xa0);
        capability(0xa0, EXPRESS, 0x40, 0xffff);
        capability(0x40, MSI, 0xfc, 0x0001);
        capability(0xfc, MSI_X, 0, 0x8000);
        Enumeration.enumerate(function);
        assertThat(function.readConfig(0x42, 2)).isZero();
        assertThat(function.readConfig(0xfe, 2)).isZero();
        assertThat(function.readConfig(0xa2, 2)).isEqualTo(0xffff);
    }

    @Test
    void withoutAListNothingIsTouched() {
        function.writeConfig(STATUS, 2, 0);
        function.writeConfig(POINTER, 1, 0x50);
        capability(0x50, MSI, 0, 1);
        assertThat(Enumeration.enumerate(function)).isTrue();
        assertThat(function.readConfig(0x52, 2)).isEqualTo(1);
    }

    @Test
    void aFunctionThatIsNotThereIsNoFunction() {
        function.writeConfig(0, 4, -1);
        function.writeConfig(POINTER, 1, 0x50);
        capability(0x50, MSI, 0, 1);
        assertThat(Enumeration.enumerate(function)).isFalse();
        assertThat(function.readConfig(0x52, 2)).isEqualTo(1);
        function.writeConfig(0, 4, 0xffff_8086);
        assertThat(Enumeration.enumerate(function)).as("a device id of ones").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0x50", "0x53", "0x60"})
    void aListThatLoopsEnds(String next) {
        function.writeConfig(POINTER, 1, 0x50);
        capability(0x50, MSI, 0x60, 1);
        capability(0x60, MSI_X, Integer.decode(next), 0x8000);
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(5),
                () -> Enumeration.enumerate(function));
        assertThat(function.readConfig(0x52, 2)).isZero();
        assertThat(function.readConfig(0x62, 2)).isZero();
    }

    /** Any bytes at all: it ends, and the header is as it was. */
    @Seeds
    void anyConfigSpaceEnds(long seed) {
        var random = new RandomStream(seed, "config");
        for (int round = 0; round < 200; round++) {
            for (int at = 0x40; at < 0x100; at += 4) {
                function.writeConfig(at, 4, (int) random.nextLong());
            }
            function.writeConfig(POINTER, 1, random.nextInt(256));
            int[] header = header(function);
            assertThat(Enumeration.enumerate(function)).isTrue();
            assertThat(header(function)).isEqualTo(header);
        }
    }

    private static int[] header(PciFunction function) {
        int[] header = new int[16];
        for (int i = 0; i < header.length; i++) {
            header[i] = function.readConfig(4 * i, 4);
        }
        return header;
    }
}
