// SPDX-License-Identifier: Apache-2.0
package iommu.api.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.TranslationCompletion;
import iommu.api.profile.HardwareProfile;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a vendor gets that implements the least: no PASIDs, no ATS, no remapped interrupts. */
class UnitDefaultsTest {

    private final List<String> asked = new ArrayList<>();

    /** Answers what it must, and says what it was asked. */
    private final RemappingUnit least = new RemappingUnit() {
        @Override
        public long translate(int requester, long address, int access) {
            asked.add("translate");
            return Translation.to(address, 12);
        }

        @Override
        public boolean translating() {
            return true;
        }

        @Override
        public long readRegister(int offset, int bytes) {
            return 0;
        }

        @Override
        public void writeRegister(int offset, int bytes, long value) { }

        @Override
        public long explain(int requester, long address, int access, WalkListener listener) {
            asked.add("explain");
            return Translation.blocked(2);
        }

        @Override
        public void mappings(MappingVisitor visitor) { }

        @Override
        public void listener(UnitListener listener) { }

        @Override
        public FaultRecord fault(int reason) {
            return new FaultRecord(0, 0, 0, reason, "least:" + reason, "because");
        }
    };

    private static void refused(Executable executable) {
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(executable::execute).withMessageContaining("PASID");
    }

    @Test
    void everyRequesterHasATableOfItsOwn() {
        assertThat(least.tableOf(0x1_0042)).isEqualTo(0x1_0042);
    }

    @Test
    void requestsWithPasidAreNotModelled() {
        refused(() -> least.translate(8, 1, 0x1000, 1));
        refused(() -> least.explain(8, 1, 0x1000, 1, WalkListener.NONE));
        refused(() -> least.mappings(1, null));
    }

    @Test
    void followingIsExplainingWhereThereAreNoCaches() {
        assertThat(least.follow(8, -1, 0x1000, 1, WalkListener.NONE))
                .isEqualTo(Translation.blocked(2));
        assertThat(asked).containsExactly("explain");
        refused(() -> least.follow(8, 1, 0x1000, 1, WalkListener.NONE));
    }

    @Test
    void processorsReadMemoryAsItIs() {
        assertThat(least.processorRead(0x1000)).isEqualTo(Translation.untranslated());
        var driver = new LeastDriver();
        driver.countMemory();
        assertThat(driver.readsOldMemory(0x1000)).isTrue();
    }

    @Test
    void devicesGetNoTranslations() {
        long unsupported = TranslationCompletion.unsupportedRequest();
        assertThat(least.translationRequest(8, -1, 0x1000, 1)).isEqualTo(unsupported);
        assertThat(least.followTranslationRequest(8, -1, 0x1000, 1, WalkListener.NONE))
                .isEqualTo(unsupported);
        assertThat(least.pageRequest(8, 1, 0x1000, 1, 0, true)).isFalse();
        least.deviceTlbs(null);
        least.invalidationCompleted(8, 1);
        assertThat(asked).isEmpty();
    }

    @Test
    void interruptsPassAsTheyAre() {
        assertThat(least.interrupt(8, 0xfee0_0000L, 0x30)).isEqualTo(Interrupt.unchanged());
        assertThat(least.followInterrupt(8, 0xfee0_0000L, 0x30, WalkListener.NONE))
                .isEqualTo(Interrupt.unchanged());
    }

    @Test
    void aVendorHasTheManualsUnitAndNoSettings() {
        var vendor = new IommuVendor() {
            @Override
            public String name() {
                return "least";
            }

            @Override
            public RemappingUnit unit(UnitProfile profile, PhysicalMemory memory) {
                return least;
            }

            @Override
            public UnitDriver driver(KernelProfile kernel, KernelPort port) {
                return null;
            }
        };
        assertThat(vendor.kernelSettings()).isEmpty();
        assertThat(vendor.kernelOptions("quiet")).isEmpty();
        assertThat(vendor.interruptsShareTables()).isFalse();
        assertThat(vendor.unitSettings()).isEmpty();
        assertThat(vendor.hardwareProfiles())
                .isEqualTo(Map.of("spec", HardwareProfile.of(Map.of())));
    }

    @Test
    void aListenerMayHearNothing() {
        FaultRecord fault = least.fault(5);
        UnitListener.NONE.blocked(fault, true);
        UnitListener.NONE.suppressed(fault);
        UnitListener.NONE.denied(8, 0x1000, 12);
        UnitListener.NONE.machineCheck(fault);
        UnitListener.NONE.translation(true);
        UnitListener.NONE.invalidated("all");
        UnitListener.NONE.faultInterrupt();
        UnitListener.NONE.completionInterrupt();
        UnitListener.NONE.pageRequestInterrupt();
        assertThat(fault.key()).isEqualTo("least:5");
    }

    @Test
    void aRefusalIsTheKernelsSentence() {
        assertThat(new StepRefusedException("DMAR: copying failed")).hasMessage(
                "DMAR: copying failed");
    }

    @Test
    void aDriverThatOnlyStartsCleanRefusesToBlockAndKeepsNothing() {
        var plain = new LeastDriver();
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(plain::startBlocked)
                .withMessage("the code for the unit does not start with blocked devices");
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(plain::mapScratch)
                .withMessage("the code for the unit does not map all addresses to one page");
        assertThatExceptionOfType(StepRefusedException.class).isThrownBy(() -> plain.block(8))
                .withMessage("the code for the unit does not block one function");
        assertThat(plain.keptRanges(8)).isEmpty();
    }

    @Test
    void twoDepthsKeepDomainsAndTwoCopyPageTables() {
        assertThat(AdoptDepth.values()).filteredOn(AdoptDepth::keepsDomains)
                .containsExactly(AdoptDepth.KEEP_COPIED, AdoptDepth.KEEP_IN_PLACE);
        assertThat(AdoptDepth.values()).filteredOn(AdoptDepth::copiesPageTables)
                .containsExactly(AdoptDepth.PAGE_TABLES, AdoptDepth.KEEP_COPIED);
    }

    @Test
    void aDriverThatDoesThingsInOneStepRefusesThemInParts() {
        var whole = new LeastDriver();
        List<ThrowingCallable> parts = List.of(() -> whole.setInterruptTable(false),
                whole::enableInterrupts, whole::allocateTables,
                () -> whole.copyTables(AdoptDepth.CONTEXTS), whole::setTables,
                whole::probeFunctions, whole::enableTranslation);
        assertThat(parts).allSatisfy(part -> assertThatExceptionOfType(StepRefusedException.class)
                .isThrownBy(part)
                .withMessage("this kernel's code for the unit does it in one step only"));
    }
}
