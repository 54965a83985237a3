// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.sim.EventQueue;
import iommu.api.unit.AdoptDepth;
import iommu.api.unit.DeviceTlbs;
import iommu.api.unit.StepRefusedException;
import iommu.vtd.ContextEntry;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.ScalableContextEntry;
import iommu.vtd.linux.settings.ScalableMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which device TLBs a kernel switches on, and when it has them invalidated. */
class AtsDevicesTest implements DeviceTlbs {

    private static final int DISK = 0x0500;
    private static final int NIC = 0x0100;
    private static final long IOVA = 0xffff_8000L;
    private static final int RW = Access.READ | Access.WRITE;
    private static final int ALIGNED = 0x20;
    private static final int ENABLE = 0x8000;

    private final EventQueue clock = new EventQueue();
    private final List<String> sent = new ArrayList<>();
    private BenchKernel bench;
    private boolean answers = true;

    @Override
    public void invalidate(int requester, int pasid, long address, int shift, int tag) {
        sent.add(String.format("%04x %x 2^%d", requester, address, shift));
        bench.invalidated.add("device TLB");
        if (answers) {
            bench.unit.invalidationCompleted(requester, tag);
        }
    }

    @Override
    public void after(long delayNanos, Runnable action) {
        clock.advanceTo(bench.now);
        clock.schedule(delayNanos, action);
    }

    private void use(long ecap) {
        bench = new BenchKernel(BenchKernel.CAP, ecap, Map.of("deviceTlbTimeoutMillis", 2L));
        bench.unit.deviceTlbs(this);
        bench.ticking = () -> clock.advanceTo(bench.now);
        bench.functions = List.of(NIC, DISK);
        bench.ats.put(DISK, new int[] {ALIGNED, 0});
        bench.allowsAts.add(DISK);
    }

    private void legacy() {
        use(BenchKernel.ECAP | ExtendedCapability.DT.mask());
    }

    private void scalable() {
        use(BenchKernel.SCALABLE_ECAP | ExtendedCapability.DT.mask());
    }

    private LinuxVtdDriver clean(KernelProfile kernel) throws StepRefusedException {
        LinuxVtdDriver driver = bench.driver(kernel);
        driver.initialiseInterrupts();
        driver.startClean();
        return driver;
    }

    private LinuxVtdDriver adopted(String kernel, ScalableMode mode)
            throws StepRefusedException {
        bench.captureKernelPages();
        bench.configWrites.clear();
        sent.clear();
        LinuxVtdDriver driver =
                bench.driver(BenchKernel.with(BenchKernel.profile(kernel), mode));
        driver.initialiseInterrupts();
        driver.adoptTables(AdoptDepth.CONTEXTS);
        return driver;
    }

    private long translationType(int source) {
        return ContextEntry.TT.of(bench.memory.read64(bench.contextEntry(source)));
    }

    private int control() {
        return bench.ats.get(DISK)[1];
    }

    // ---- switching on ---------------------------------------------------------------------------

    /** Unit, device and firmware must all have it; then the kernel. */
    @ParameterizedTest(name = "{0} DT {1} capability {2} firmware {3}: TT {4} control {5}")
    @CsvSource({"6.1, true, true, true, 1, 8000", "6.1, false, true, true, 0, 0",
        "6.1, true, false, true, 0, 0", "6.1, true, true, false, 0, 0",
        "2.6.30, true, true, true, 0, 0", "2.6.31, true, true, true, 1, 8000"})
    void aFunctionGetsItsDeviceTlbWithItsDomain(String kernel, boolean unit, boolean device,
            boolean firmware, long type, String control) throws StepRefusedException {
        use(BenchKernel.ECAP | (unit ? ExtendedCapability.DT.mask() : 0));
        int[] capability = bench.ats.get(DISK);
        if (!device) {
            bench.ats.clear();
        }
        if (!firmware) {
            bench.allowsAts.clear();
        }
        clean(BenchKernel.profile(kernel)).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(translationType(DISK)).isEqualTo(type);
        assertThat(capability[1]).isEqualTo(Integer.parseInt(control, 16));
    }

    @ParameterizedTest
    @CsvSource({"5.0, 8000", "5.1, 0"})
    void anUnalignedDeviceIsLeftOffFrom51OnThoughItsEntryAllowsIt(String kernel, String control)
            throws StepRefusedException {
        legacy();
        bench.ats.get(DISK)[0] = 0;
        clean(BenchKernel.profile(kernel)).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(translationType(DISK)).isEqualTo(ContextEntry.TT_ALL);
        assertThat(control()).isEqualTo(Integer.parseInt(control, 16));
    }

    @Test
    void anAliasGetsNone() throws StepRefusedException {
        legacy();
        bench.aliases.put(DISK, List.of(DISK, 0x0600));
        clean(BenchKernel.profile("6.1")).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        assertThat(translationType(DISK)).isEqualTo(ContextEntry.TT_ALL);
        assertThat(translationType(0x0600)).isEqualTo(ContextEntry.TT_UNTRANSLATED);
    }

    @Test
    void inScalableModeItIsABitOfTheContextEntry() throws StepRefusedException {
        scalable();
        clean(BenchKernel.with(BenchKernel.profile("6.1"), ScalableMode.ON));
        assertThat(ScalableContextEntry.DTE.isSet(bench.memory.read64(bench.contextEntry(DISK))))
                .isTrue();
        assertThat(ScalableContextEntry.DTE.isSet(bench.memory.read64(bench.contextEntry(NIC))))
                .isFalse();
        assertThat(control()).isEqualTo(ENABLE);
    }

    // ---- invalidation ---------------------------------------------------------------------------

    @ParameterizedTest(name = "depth {0}: {1} pages at {2} are {3}")
    @CsvSource({"0, 1, ffff8000, 0500 ffff8000 2^12", "1, 2, ffff8000, 0500 ffff8000 2^13",
        "31, 3, ffff8000, 0500 ffff8000 2^14", "4, 2, ffff9000, 0500 ffff8000 2^14"})
    void anUnmappedRangeIsInvalidatedThereAfterTheIotlb(int depth, int pages, String iova,
            String request) throws StepRefusedException {
        legacy();
        bench.ats.get(DISK)[0] = ALIGNED | depth;
        LinuxVtdDriver driver = clean(BenchKernel.profile("6.1"));
        driver.map(DISK, IOVA, 0x10_0000, 0x8000, RW);
        driver.map(NIC, IOVA, 0x20_0000, 0x8000, RW);
        bench.invalidated.clear();
        driver.unmap(DISK, Long.parseLong(iova, 16), pages * 0x1000L);
        assertThat(sent).containsExactly(request);
        assertThat(bench.invalidated).hasSize(2).endsWith("device TLB");
        driver.unmap(NIC, IOVA, 0x1000);
        assertThat(sent).as("another domain").hasSize(1);
    }

    @Test
    void aLazyKernelInvalidatesAllOfThem() throws StepRefusedException {
        legacy();
        LinuxVtdDriver driver =
                clean(BenchKernel.profile("6.1").withStrictInvalidation(false));
        driver.map(DISK, IOVA, 0x10_0000, 0x8000, RW);
        driver.unmap(DISK, IOVA, 0x1000);
        assertThat(sent).isEmpty();
        driver.flush();
        assertThat(sent).containsExactly("0500 0 2^64");
    }

    // ---- hand-over ------------------------------------------------------------------------------

    /** Nothing switches them off but, from 6.12 on, the kernel that finds the function. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"4.2, 8000", "6.1, 8000", "6.11, 8000", "6.12, 0", "7.3, 0"})
    void aCaptureKernelFindsThemOn(String kernel, String control) throws StepRefusedException {
        legacy();
        clean(BenchKernel.profile("6.1")).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        adopted(kernel, ScalableMode.OFF);
        assertThat(control()).isEqualTo(Integer.parseInt(control, 16));
        assertThat(translationType(DISK)).as("copied").isEqualTo(ContextEntry.TT_ALL);
    }

    @ParameterizedTest
    @CsvSource({"4.2", "6.1", "6.12", "7.3"})
    void theCopiedEntryOfLegacyModeGoesWithoutAnInvalidationOfTheDeviceTlb(String kernel)
            throws StepRefusedException {
        legacy();
        clean(BenchKernel.profile("6.1")).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        LinuxVtdDriver driver = adopted(kernel, ScalableMode.OFF);
        driver.map(DISK, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(sent).isEmpty();
        assertThat(control()).isEqualTo(ENABLE);
        assertThat(translationType(DISK)).isEqualTo(ContextEntry.TT_ALL);
        driver.unmap(DISK, IOVA, 0x1000);
        assertThat(sent).containsExactly("0500 ffff8000 2^12");
    }

    /** From 6.15 on the kernel has switched it on by then. */
    @ParameterizedTest(name = "{0}, gone {1}: {2}")
    @CsvSource({"6.1, false, 0", "6.9, false, 0", "6.14, false, 0", "6.15, false, 1",
        "7.0, false, 1", "6.16, true, 1", "7.0, true, 0"})
    void thatOfScalableModeGoesWithOneFrom615On(String kernel, boolean gone, int invalidations)
            throws StepRefusedException {
        scalable();
        clean(BenchKernel.with(BenchKernel.profile("6.1"), ScalableMode.ON))
                .map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        LinuxVtdDriver driver = adopted(kernel, ScalableMode.AS_FOUND);
        if (gone) {
            bench.gone.add(DISK);
            answers = false;
        }
        driver.map(DISK, IOVA, 0x210_0000, 0x1000, RW);
        assertThat(sent).hasSize(invalidations);
        assertThat(sent).allMatch("0500 0 2^64"::equals);
    }

    @ParameterizedTest
    @CsvSource({"6.14, 1", "6.15, 0", "6.15.5, 0", "6.15.6, 1", "6.16, 1"})
    void oneVersionForgetsToInvalidateWhatItSwitchedOnLater(String kernel, int invalidations)
            throws StepRefusedException {
        scalable();
        LinuxVtdDriver driver =
                clean(BenchKernel.with(BenchKernel.profile(kernel), ScalableMode.ON));
        driver.map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        driver.unmap(DISK, IOVA, 0x1000);
        assertThat(control()).isEqualTo(ENABLE);
        assertThat(sent).hasSize(invalidations);
    }

    @ParameterizedTest(name = "control {0}: {1}")
    @CsvSource({"8000, 1", "0, 0"})
    void aKernelThatIsImportedGoesOnWithWhatItHadOn(String control, int invalidations)
            throws StepRefusedException {
        legacy();
        clean(BenchKernel.profile("6.1")).map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        bench.ats.get(DISK)[1] = Integer.parseInt(control, 16);
        bench.configWrites.clear();
        LinuxVtdDriver again = bench.driver("6.1");
        again.resume();
        again.unmap(DISK, IOVA, 0x1000);
        assertThat(sent).hasSize(invalidations);
        assertThat(bench.configWrites).isEmpty();
    }

    @Test
    void withoutTheSettingNothingIsTouched() throws StepRefusedException {
        legacy();
        LinuxVtdDriver driver = clean(BenchKernel.profile("6.1").with("vtd.enablesAts", 0));
        driver.map(DISK, IOVA, 0x10_0000, 0x1000, RW);
        driver.unmap(DISK, IOVA, 0x1000);
        assertThat(bench.configWrites).isEmpty();
        assertThat(sent).isEmpty();
        assertThat(translationType(DISK)).isZero();
    }
}
