// SPDX-License-Identifier: Apache-2.0
package kdump.importers.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.memory.MemoryMap;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import kdump.importers.bytes.TextFile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each kind of line of /proc/iomem becomes, and where lines may stand. */
class IomemKindsTest {

    private static final String BELOW = "00001000-0009efff : System RAM\n"
            + "00100000-3fffffff : System RAM\n";

    private static Iomem read(String text) throws FormatException {
        return Iomem.read(TextFile.of("iomem",
                text.replace("\\n", "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private static String told(Iomem memory, long from) {
        return memory.map().regions().stream().filter(r -> r.range().start() >= from)
                .map(IomemKindsTest::told).collect(Collectors.joining(", "));
    }

    private static String told(MemoryMap.Region region) {
        return Long.toHexString(region.range().start()) + "-"
                + Long.toHexString(region.range().end()) + " " + region.kind();
    }

    /** Lines after RAM that ends at 40000000h, in the order of the file. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "40000000-40000fff : Reserved                        | 40000000-40001000 FIRMWARE_RAM",
        "40000000-40000fff : reserved                        | 40000000-40001000 FIRMWARE_RAM",
        "40000000-40000fff : ACPI Tables                     | 40000000-40001000 FIRMWARE_RAM",
        "40000000-40000fff : ACPI Non-volatile Storage       | 40000000-40001000 FIRMWARE_RAM",
        "40000000-40000fff : RAM buffer                      | ''",
        "40000000-40000fff : PCI Bus 0000:00                 | ''",
        "40001000-40001fff : Reserved                        | ''",
        "40000000-40000fff : Reserved\\n40001000-40001fff : ACPI Tables | 40000000-40001000"
            + " FIRMWARE_RAM, 40001000-40002000 FIRMWARE_RAM",
        "80000000-80000fff : Reserved\\n80001000-8fffffff : System RAM | 80000000-80001000"
            + " FIRMWARE_RAM, 80001000-90000000 SYSTEM_RAM",
        "fec00000-fec003ff : IOAPIC 0                        | ''",
        "fed90000-fed90fff : dmar0                           | ''",
        "ff000000-ffffffff : Reserved                        | ff000000-100000000 ROM",
        "ff000000-fffffffe : Reserved                        | ''",
        "100000000-13fffffff : System RAM                    | 100000000-140000000 SYSTEM_RAM",
        "100000000-13fffffff : System RAM\\n140000000-140000fff : Reserved |"
            + " 100000000-140000000 SYSTEM_RAM, 140000000-140001000 FIRMWARE_RAM",
        "100000000-13fffffff : System RAM\\n150000000-150000fff : Reserved |"
            + " 100000000-140000000 SYSTEM_RAM",
        "100000000-13fffffff : Persistent Memory             | ''",
        "100000000-13fffffff : System RAM (kmem)             | ''"})
    void aLineIsMemoryOfAKind(String lines, String regions) throws FormatException {
        assertThat(told(read(BELOW + lines), 0x4000_0000L)).isEqualTo(regions);
    }

    /** Lines below the end of RAM. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "00000000-00000fff : Reserved         | 0-1000 FIRMWARE_RAM",
        "0009f000-0009ffff : Reserved         | 9f000-a0000 FIRMWARE_RAM",
        "000a0000-000bffff : PCI Bus 0000:00  | ''",
        "000c0000-000c7fff : Video ROM        | c0000-c8000 ROM",
        "000c8000-000cbfff : Adapter ROM      | c8000-cc000 ROM",
        "000e0000-000fffff : Reserved         | e0000-100000 FIRMWARE_RAM",
        "000f0000-000fffff : System ROM       | f0000-100000 ROM",
        "000e0000-000fffff : Reserved\\n  000f0000-000fffff : System ROM "
            + "| e0000-f0000 FIRMWARE_RAM,"
            + " f0000-100000 ROM",
        "000a0000-000fffff : Reserved\\n  000a0000-000bffff : PCI Bus 0000:00 | c0000-100000"
            + " FIRMWARE_RAM"})
    void whatLiesLowIsFirmwares(String lines, String regions) throws FormatException {
        String low = "00001000-0009efff : System RAM\n";
        String all = lines.startsWith("00000000") ? lines + "\n" + low
                + "00100000-3fffffff : System RAM\n"
                : low + lines + "\n00100000-3fffffff : System RAM\n";
        assertThat(read(all).map().regions().stream()
                .filter(r -> !r.label().equals("System RAM")).map(IomemKindsTest::told)
                .collect(Collectors.joining(", "))).isEqualTo(regions);
    }

    /** Lines within RAM from 100000h to 40000000h. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "  01000000-01ffffff : Kernel code    | 100000-40000000 SYSTEM_RAM | ''",
        "  01000000-01ffffff : Kernel rodata  | 100000-40000000 SYSTEM_RAM | ''",
        "  10000000-17ffffff : Crash kernel   | 100000-40000000 SYSTEM_RAM | 10000000-18000000",
        "  10000000-10000fff : Reserved       | 100000-10000000 SYSTEM_RAM, 10000000-10001000"
            + " FIRMWARE_RAM, 10001000-40000000 SYSTEM_RAM | ''",
        "  10000000-10000fff : some driver    | 100000-40000000 SYSTEM_RAM | ''",
        "  3ffff000-3fffffff : reserved       | 100000-3ffff000 SYSTEM_RAM, 3ffff000-40000000"
            + " FIRMWARE_RAM | ''",
        "  10000000-1fffffff : Crash kernel\\n  20000000-2fffffff : Crash kernel | 100000-40000000"
            + " SYSTEM_RAM | 10000000-20000000 20000000-30000000"})
    void whatIsNestedInRamIsRamButForReservedParts(String lines, String regions, String crash)
            throws FormatException {
        // the delimiter's blanks are cut off: a nested line begins with two
        Iomem memory = read("00100000-3fffffff : System RAM\n  "
                + lines.replace("\\n", "\n").replaceAll("\n *", "\n  "));
        assertThat(told(memory, 0)).isEqualTo(regions);
        assertThat(memory.crashReservations().stream().map(r -> Long.toHexString(r.start()) + "-"
                + Long.toHexString(r.end())).collect(Collectors.joining(" "))).isEqualTo(crash);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "100000-1fffff System RAM               | resource: found 100000-1fffff System RAM",
        "100000-1FFFFF : System RAM             | resource: found 100000-1FFFFF : System RAM",
        "100000 - 1fffff : System RAM           | resource: found 100000 - 1fffff : System RAM",
        "00200000-001fffff : System RAM         | range: found 00200000-001fffff",
        "00100000-10000000000000 : System RAM   | range: found 00100000-10000000000000",
        "8000000000000000-8000000000000fff : x  | range: found 8000000000000000-8000000000000fff",
        "00100000-001fffff : Kernel code        | System RAM: found no such line",
        "00000000-00000000 : System RAM         | range: found no address but zero",
        "00100000-7fffffff : System RAM\\n80000000-8fffffff : Crash kernel | Crash kernel: found",
        "00100000-7fffffff : System RAM\\n 00200000-002fffff : x    | indentation: found 1 spaces",
        "00100000-7fffffff : System RAM\\n    00200000-002fffff : x | indentation: found 4 spaces",
        "00100000-7fffffff : System RAM\\n  80000000-800fffff : x   | range: found",
        "00100000-7fffffff : System RAM\\n7fffffff-800fffff : x     | range: found"})
    void whatNoKernelPrintsIsRefused(String lines, String said) {
        assertThatThrownBy(() -> read(lines)).isInstanceOf(FormatException.class)
                .hasMessageStartingWith("iomem: at 0x").hasMessageContaining(said)
                .message().doesNotContain("\n");
    }
}
