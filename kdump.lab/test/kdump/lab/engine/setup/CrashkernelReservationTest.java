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

/** Where kernels put what {@code crashkernel=} asks for. */
class CrashkernelReservationTest {

    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    /** 2 GiB below 4 GiB, less 640 KiB and what lies above them, and 6 GiB above. */
    private static final List<AddressRange> RAM = List.of(new AddressRange(0x1000, 0x9f000),
            new AddressRange(MIB, 2 * GIB), AddressRange.of(4 * GIB, 6 * GIB));

    private static CrashkernelReservation of(String line, String kernel, AddressRange... taken) {
        return CrashkernelReservation.of(line, RAM, List.of(taken), KernelVersion.parse(kernel));
    }

    /** Words, a kernel, where it begins and how long it is in MiB, and the part below 4 GiB. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "crashkernel=256M | 6.1 | 1792 | 256 | -",
        "crashkernel=256M | 5.2 | 1792 | 256 | -",
        "crashkernel=256M | 5.1 | 640 | 256 | -",
        "crashkernel=161M | 3.10 | 720 | 161 | -",
        "crashkernel=128M | 2.6.36 | 32 | 128 | -",
        "crashkernel=128M | 2.6.37 | 768 | 128 | -",
        "crashkernel=256M@1792M | 3.6 | 1792 | 256 | -",
        "crashkernel=128m@0x2000000 | 6.1 | 32 | 128 | -",
        "crashkernel=3G | 6.1 | 7168 | 3072 | 1792+256",
        "crashkernel=512M,high | 6.1 | 9728 | 512 | 1792+256",
        "crashkernel=512M,high | 3.10 | 9728 | 512 | 1968+72",
        "crashkernel=512M,high crashkernel=64M,low | 6.1 | 9728 | 512 | 1984+64",
        "crashkernel=512M,high crashkernel=0,low | 6.1 | 9728 | 512 | -",
        "crashkernel=64M,low crashkernel=256M | 6.1 | 1792 | 256 | -",
        "crashkernel=512M-2G:64M,2G-:128M | 6.1 | 1920 | 128 | -",
        "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M | 6.1 | 1792 | 256 | -",
        "crashkernel=1G-:192M@1G | 6.1 | 1024 | 192 | -",
        "crashkernel=1G crashkernel=256M | 6.1 | 1792 | 256 | -",
        "quiet crashkernel=256M nokaslr | 6.1 | 1792 | 256 | -"})
    void placesByVersionAndForm(String line, String kernel, long start, long size, String low) {
        CrashkernelReservation found = of(line, kernel);
        assertThat(found.range()).isEqualTo(AddressRange.of(start * MIB, size * MIB));
        if (low.equals("-")) {
            assertThat(found.low()).isNull();
        } else {
            String[] parts = low.split("[+]");
            assertThat(found.low()).isEqualTo(AddressRange.of(Long.parseLong(parts[0]) * MIB,
                    Long.parseLong(parts[1]) * MIB));
        }
    }

    @Test
    void whatIsTakenIsGoneRound() {
        assertThat(of("crashkernel=256M", "6.1", new AddressRange(1920 * MIB, 1984 * MIB)).range())
                .isEqualTo(AddressRange.of(1664 * MIB, 256 * MIB));
        assertThat(of("crashkernel=256M", "2.6.34", AddressRange.of(64 * MIB, MIB)).range())
                .isEqualTo(AddressRange.of(80 * MIB, 256 * MIB));
    }

    @Test
    void nothingIsAskedForOrNotOfThisMachine() {
        assertThat(of("", "6.1")).isNull();
        assertThat(of("quiet", "6.1")).isNull();
        assertThat(of("crashkernel=0", "6.1")).isNull();
        assertThat(of("crashkernel=64M,low", "6.1")).isNull();
        assertThat(of("crashkernel=512M-2G:64M", "6.1")).isNull();
    }

    /** A machine of 2 GiB has a little less: kernels from 6.0 round up before they look. */
    @Test
    void totalsAreRoundedFrom60() {
        List<AddressRange> ram = List.of(new AddressRange(MIB, 2 * GIB));
        String line = "crashkernel=2G-:128M";
        assertThat(CrashkernelReservation.of(line, ram, List.of(), new KernelVersion(5, 19, 0)))
                .isNull();
        assertThat(CrashkernelReservation.of(line, ram, List.of(), new KernelVersion(6, 0, 0))
                .range().bytes()).isEqualTo(128 * MIB);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "crashkernel=auto | 6.1 | a size",
        "crashkernel=256M+16M | 6.1 | nothing more",
        "crashkernel=256M@ | 6.1 | a size",
        "crashkernel=256M,high | 3.8 | nothing more",
        "crashkernel=256Mx,high | 6.1 | nothing more",
        "crashkernel=2G-1G:64M | 6.1 | a range and a size",
        "crashkernel=2G:64M | 6.1 | as in 512M-2G:64M",
        "crashkernel=2G-4G | 6.1 | nothing more",
        "crashkernel=9999999999P | 6.1 | below 4 PiB",
        "crashkernel=256M@1900M | 6.1 | memory is in use",
        "crashkernel=16M@16M | 6.1 | memory is in use",
        "crashkernel=256M@1000K | 6.1 | memory is in use",
        "crashkernel=1G | 5.1 | No suitable area found",
        "crashkernel=8G | 6.1 | No suitable area found",
        "crashkernel=1G,high crashkernel=2G,low | 6.1 | low memory reservation failed"})
    void whatMakesNoSenseIsSaid(String line, String kernel, String said) {
        assertThatThrownBy(() -> of(line, kernel)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("crashkernel=").hasMessageContaining(said);
    }
}
