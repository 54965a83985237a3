// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.KernelPort.Range;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory that firmware has functions do DMA to (RMRR). */
class ReservedRangesTest {

    private static final int NIC = 0x0100;
    private static final int RW = Access.READ | Access.WRITE;

    @Test
    void whatFirmwareReservedStaysMappedToItselfFromTheFirstMappingOn()
            throws StepRefusedException {
        int usb = 0x00e8;
        int nic = 0x0100;
        var bench = BenchKernel.legacy();
        bench.reserved.put(usb, List.of(new Range(0xe_0000, 0x4000),
                new Range(0x40_0000, 0x20_0000)));
        LinuxVtdDriver first = bench.firstKernel(ScalableMode.OFF);
        first.map(usb, 0xffff_8000L, 0x10_0000, 0x1000, Access.READ);
        first.map(nic, 0xffff_8000L, 0x11_0000, 0x1000, Access.READ);
        assertThat(bench.address(usb, 0xe_3ffcL)).isEqualTo(0xe_3ffc);
        bench.captureKernelPages();
        LinuxVtdDriver second = bench.driver();
        second.initialiseInterrupts();
        second.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.address(usb, 0xe_3ffcL)).as("through the old table").isEqualTo(0xe_3ffc);
        second.map(usb, 0xffff_8000L, 0x210_0000, 0x1000, Access.READ);
        assertThat(bench.address(usb, 0xe_3ffcL)).as("through its own").isEqualTo(0xe_3ffc);
        assertThat(bench.address(usb, 0x5f_f000L)).isEqualTo(0x5f_f000);
        assertThat(bench.address(usb, 0xe_4000L)).isEqualTo(-0x06);
        assertThat(bench.address(nic, 0xe_3ffcL)).as("not reserved for it").isEqualTo(-0x06);
        assertThat(bench.console).noneMatch(l -> l.contains("ERROR"));
    }

    @Test
    void functionsThatShareADomainGetWhatIsReservedForEachOnce() {
        int one = 0x0608;
        int two = 0x0610;
        int bridge = 0x0600;
        var bench = BenchKernel.legacy();
        var shared = new Range(0xe_0000, 0x4000);
        bench.aliases.put(one, List.of(one, bridge));
        bench.aliases.put(two, List.of(two, bridge));
        bench.reserved.put(one, List.of(shared));
        bench.reserved.put(two, List.of(shared, new Range(0xf_0000, 0x1000)));
        LinuxVtdDriver driver = bench.firstKernel(ScalableMode.OFF);
        driver.map(one, 0xffff_8000L, 0x10_0000, 0x1000, Access.READ);
        assertThat(bench.address(bridge, 0xe_0000L)).isEqualTo(0xe_0000);
        assertThat(bench.address(bridge, 0xf_0000L)).isEqualTo(-0x06);
        driver.map(two, 0xffff_7000L, 0x10_0000, 0x1000, Access.READ);
        assertThat(bench.address(bridge, 0xf_0000L)).isEqualTo(0xf_0000);
        assertThat(bench.console).noneMatch(l -> l.contains("ERROR"));
    }

    @Test
    void aCleanStartMapsItBeforeTranslationIsOn() {
        int usb = 0x00e8;
        var bench = BenchKernel.legacy();
        bench.functions = List.of(usb);
        bench.reserved.put(usb, List.of(new Range(0xe_0000, 0x4000)));
        bench.firstKernel(ScalableMode.OFF);
        assertThat(bench.address(usb, 0xe_0000L)).isEqualTo(0xe_0000);
    }

    @ParameterizedTest
    @CsvSource({"4.1, IOMMU: #for device 0000:02:00.0", "4.2, DMAR: #for device 0000:02:00.0",
        "5.0, DMAR: #for device 0000:02:00.0", "5.1, pci 0000:02:00.0: DMAR: #",
        "5.2, pci 0000:02:00.0: DMAR: #", "5.3, -"})
    void upTo52AFunctionForWhichMemoryIsReservedHasItsDomainBeforeTranslationIsOn(String kernel,
            String label) throws StepRefusedException {
        int raid = 0x0200;
        var bench = BenchKernel.legacy();
        bench.functions = List.of(NIC, raid);
        bench.reserved.put(raid, List.of(new Range(0xe_8000, 0x1000)));
        bench.firstKernel(ScalableMode.OFF);
        bench.captureKernelPages();
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        driver.startClean();
        assertThat(bench.address(raid, 0xe_8000L)).isEqualTo(0xe_8000);
        assertThat(bench.address(raid, 0xffff_f000L)).isEqualTo(-0x06);
        assertThat(bench.address(NIC, 0xffff_f000L)).isEqualTo(label.equals("-") ? -0x06 : -0x01);
        assertThat(bench.console).filteredOn(line -> line.contains("identity"))
                .isEqualTo(label.equals("-") ? List.of() : List.of(label.replace("#",
                        "Setting identity map ").strip() + " [0xe8000 - 0xe8fff]"));
    }

    @ParameterizedTest
    @CsvSource({"4.3, false, 0", "4.4, true, 1", "5.2, true, 1", "5.3, true, 0"})
    void withCopiedTablesItIsMappedAsTheDriverMaps(String kernel, boolean mapped, int lines)
            throws StepRefusedException {
        int raid = 0x0200;
        var bench = BenchKernel.legacy();
        bench.functions = List.of(NIC, raid);
        bench.firstKernel(ScalableMode.OFF).map(raid, 0xffff_8000L, 0x10_0000, 0x1000, RW);
        bench.captureKernelPages();
        bench.reserved.put(raid, List.of(new Range(0xe_8000, 0x1000)));
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);
        assertThat(bench.console).noneMatch(line -> line.contains("identity"));
        driver.map(raid, 0xffff_7000L, 0x210_0000, 0x1000, RW);
        assertThat(bench.address(raid, 0xe_8000L)).isEqualTo(mapped ? 0xe_8000 : -0x06);
        assertThat(bench.console).filteredOn(line -> line.matches(
                ".*DMAR: Setting identity map .*\\[0xe8000 - 0xe8fff]"))
                .hasSize(lines);
    }
}
