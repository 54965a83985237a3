// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import iommu.api.profile.KernelVersion;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every form of {@code crashkernel=}, at its bounds.
 *
 * <p>Source: Linux, Documentation, kdump; parse_crashkernel of crash_core.c; memparse.
 */
class CrashkernelWordsTest {

    private static final long MIB = 1L << 20;
    private static final List<AddressRange> RAM =
            List.of(new AddressRange(MIB, 2048 * MIB), AddressRange.of(4096 * MIB, 6144 * MIB));

    private static CrashkernelReservation of(String line, String kernel) {
        return CrashkernelReservation.of(line, RAM, List.of(), KernelVersion.parse(kernel));
    }

    private static String told(CrashkernelReservation found) {
        return found == null ? "none" : found.range().start() / MIB + "+"
                + found.range().bytes() / MIB + (found.low() == null ? "" : " low "
                + found.low().start() / MIB + "+" + found.low().bytes() / MIB);
    }

    /** A size in each way to write it; what is reserved is whole mebibytes. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "256M,        1792+256",
        "256m,        1792+256",
        "262144K,     1792+256",
        "262144k,     1792+256",
        "268435456,   1792+256",
        "0x10000000,  1792+256",
        "0x100M,      1792+256",
        "1G,          1024+1024",
        "1g,          1024+1024",
        "255M,        1792+255",
        "257M,        1776+257",
        "1,           2032+1",
        "1048577,     2032+2",
        "0M,          none",
        "0,           none"})
    void aSizeIsWrittenInManyWays(String size, String reserved) {
        assertThat(told(of("crashkernel=" + size, "6.1"))).isEqualTo(reserved);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "x          | 'x', expected a size, such as 256M",
        "0x         | '0x', expected a size, such as 256M",
        "-1M        | '-1M', expected a size, such as 256M",
        "M          | 'M', expected a size, such as 256M",
        "1.5G       | '.5G', expected @ and an address, or nothing more",
        "256MB      | 'B', expected @ and an address, or nothing more",
        "256M,      | ',', expected @ and an address, or nothing more",
        "256M@x     | 'x', expected a size, such as 256M",
        "256M@16M@  | '@', expected @ and an address, or nothing more",
        "4097T      | '', expected a size below 4 PiB",
        "5P         | '', expected a size below 4 PiB",
        "9999999999999999 | '9999999999999999', expected a size, such as 256M"})
    void otherWordsAreRefusedWhereTheyAreWrong(String value, String found) {
        assertThatThrownBy(() -> of("crashkernel=" + value, "6.1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("crashkernel=" + value + ": found " + found);
    }

    /** Ranges of all RAM, 8191 MiB here: the first is in, the second is not. */
    @ParameterizedTest(name = "{0} under {1}")
    @CsvSource(delimiter = '|', value = {
        "0-:128M                        | 5.4 | 1920+128",
        "8191M-:128M                    | 5.4 | 1920+128",
        "8192M-:128M                    | 5.4 | none",
        "8192M-:128M                    | 6.0 | 1920+128",
        "8193M-:128M                    | 6.0 | none",
        "0-8191M:128M                   | 5.4 | none",
        "0-8192M:128M                   | 5.4 | 1920+128",
        "0-8192M:128M                   | 6.0 | none",
        "0-8193M:128M                   | 6.0 | 1920+128",
        "1G-2G:64M,2G-:128M             | 6.1 | 1920+128",
        "1G-16G:64M,2G-:128M            | 6.1 | 1984+64",
        "1G-2G:64M,2G-4G:128M           | 6.1 | none",
        "2G-:0M                         | 6.1 | none",
        "2G-:128M@256M                  | 6.1 | 256+128",
        "1G-2G:64M,2G-:128M@512M        | 6.1 | 512+128"})
    void theFirstRangeThatFitsCounts(String ranges, String kernel, String reserved) {
        assertThat(told(of("crashkernel=" + ranges, kernel))).isEqualTo(reserved);
    }

    /** Where it may lie, by version: below 896 MiB, below 4 GiB, or anywhere. */
    @ParameterizedTest(name = "{0} under {1}")
    @CsvSource(delimiter = '|', value = {
        "256M                     | 2.6.36 | 32+256",
        "256M                     | 2.6.37 | 640+256",
        "256M                     | 5.1    | 640+256",
        "256M                     | 5.2    | 1792+256",
        "863M                     | 5.1    | 32+863",
        "864M                     | 5.1    | 32+864",
        "2000M                    | 5.2    | 48+2000",
        "2016M                    | 5.2    | 32+2016",
        "2017M                    | 5.2    | 8208+2017 low 1792+256",
        "512M,high                | 3.9    | 9728+512 low 1968+72",
        "512M,high                | 4.1    | 9728+512 low 1968+72",
        "512M,high                | 4.2    | 9728+512 low 1792+256",
        "512M,high crashkernel=0,low   | 6.1 | 9728+512",
        "512M,high crashkernel=16M,low | 6.1 | 9728+512 low 2032+16",
        "512M,high crashkernel=256M    | 6.1 | 1792+256",
        "512M,high crashkernel=1G,high | 6.1 | 9216+1024 low 1792+256",
        "64M crashkernel=128M          | 6.1 | 1920+128",
        "64M,cma crashkernel=128M      | 6.1 | 1920+128"})
    void whereItLiesIsTheVersions(String words, String kernel, String reserved) {
        assertThat(told(of("quiet crashkernel=" + words + " panic=1", kernel)))
                .isEqualTo(reserved);
    }

    @ParameterizedTest(name = "at {0}")
    @CsvSource(delimiter = '|', value = {
        "256M@32M    | 32+256",
        "256M@1792M  | 1792+256",
        "256M@0x100000000 | 4096+256 low 1792+256",
        "1M@1M       | 1+1",
        "15M@1M      | 1+15",
        "256M@0      | 1792+256"})
    void aPlaceMayBeNamed(String words, String reserved) {
        assertThat(told(of("crashkernel=" + words, "6.1"))).isEqualTo(reserved);
    }

    /** The kernel's own image lies from 16 to 32 MiB; places begin at mebibytes. */
    @ParameterizedTest(name = "at {0}")
    @CsvSource({"256M@1793M", "256M@0x2080000", "16M@1M", "1M@16M", "1M@31M", "256M@3G", "1M@512K",
        "7G@4G"})
    void aPlaceThatIsNotFreeIsRefused(String words) {
        assertThatThrownBy(() -> of("crashkernel=" + words, "6.1"))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("crashkernel=" + words
                        + ": crashkernel reservation failed - memory is in use");
    }

    @ParameterizedTest(name = "{0} under {1}")
    @CsvSource(delimiter = '|', value = {
        "865M      | 5.1 | crashkernel=865M",
        "2017M     | 5.1 | crashkernel=2017M",
        "6145M     | 6.1 | crashkernel=6145M",
        "6145M,high | 6.1 | crashkernel=6145M,high"})
    void whatFitsNowhereIsRefused(String words, String kernel, String word) {
        assertThatThrownBy(() -> of("crashkernel=" + words, kernel))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(word + ": crashkernel reservation failed - No suitable area found");
    }

    @ParameterizedTest(name = "[{0}]")
    @CsvSource({"quiet", "''", "nocrashkernel=256M", "crash_kernel=256M", "CRASHKERNEL=256M"})
    void withoutTheWordThereIsNone(String line) {
        assertThat(of(line, "6.1")).isNull();
    }

    /** What lies in the way moves it down. */
    @ParameterizedTest(name = "with {0} MiB from {1} taken")
    @CsvSource({"1, 2047, 1776+256", "16, 2032, 1776+256", "17, 2031, 1760+256",
        "1, 1792, 1536+256", "1, 1791, 1792+256", "256, 1536, 1792+256"})
    void whatIsTakenIsNotGiven(int bytes, int start, String reserved) {
        List<AddressRange> taken = List.of(AddressRange.of(start * MIB, bytes * MIB));
        assertThat(told(CrashkernelReservation.of("crashkernel=256M", RAM, taken,
                KernelVersion.parse("6.1")))).isEqualTo(reserved);
    }

    @Test
    void oneAbove4GibNeedsAPartBelow() {
        List<AddressRange> taken = List.of(AddressRange.of(40 * MIB, 2000 * MIB));
        assertThatThrownBy(() -> CrashkernelReservation.of("crashkernel=256M", RAM, taken,
                KernelVersion.parse("6.1"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("crashkernel=256M,low: crashkernel low memory reservation failed - No"
                        + " suitable area found");
    }
}
