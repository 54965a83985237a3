// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.api.unit.WalkRecording;
import iommu.vtd.ContextEntry;
import iommu.vtd.GlobalCommand;
import iommu.vtd.PasidEntry;
import iommu.vtd.VtdRegisters;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a unit does under the settings that only the profile "qemu-7.2" has. */
class QemuSettingsTest {

    private static final long IOVA = 0x1000;
    private static final long OLD = 0x20_0000;
    private static final long NEW = 0x30_0000;

    private Bench bench;
    private long table;

    static Map<String, Long> settings() {
        var all = new HashMap<String, Long>();
        for (String name : new String[] {"cacheAsQemu", "walkAsQemu", "registersAsQemu",
            "scalableLegacyReasons", "qemuRecordPasid", "collapseFaults", "flushOnSetRootPointer",
            "flushOnTranslationToggle"}) {
            all.put(name, 1L);
        }
        return all;
    }

    @BeforeEach
    void legacyMode() {
        bench = Bench.legacy(Bench.CAP, Bench.ECAP, settings());
        table = bench.context(Bench.DEVICE, Bench.DOMAIN, 4);
        bench.map(table, IOVA, OLD, 3);
    }

    private void scalableMode() {
        bench = Bench.scalable(settings());
        table = bench.pasid(Bench.DEVICE, Bench.DOMAIN, 0);
        bench.map(table, IOVA, OLD, 3);
    }

    private long status() {
        return bench.read(VtdRegisters.FSTS);
    }

    @Test
    void sourcesOfOneDomainShareNoEntry() {
        int other = 0x208;
        bench.read(IOVA);
        bench.context(other, Bench.DOMAIN, 4, 0, table);
        bench.map(table, IOVA, NEW, 3);
        assertThat(Translation.address(bench.unit.translate(other, IOVA, Access.READ)))
                .isEqualTo(NEW);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void entryOutlivesItsContext() {
        bench.read(IOVA);
        bench.memory.write64(bench.contextEntry(Bench.DEVICE), 0);
        bench.invalidateContexts();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        bench.invalidateIotlb();
        assertThat(Translation.isBlocked(bench.read(IOVA))).isTrue();
    }

    @Test
    void hitWithoutTheRightIsBlockedWithoutRecord() {
        bench.map(table, IOVA, OLD, Access.READ);
        bench.read(IOVA);
        assertThat(Translation.isBlocked(bench.write(IOVA))).isTrue();
        assertThat(status()).isZero();
        bench.invalidateIotlb();
        assertThat(Translation.isBlocked(bench.write(IOVA))).isTrue();
        assertThat(status()).isEqualTo(2);
    }

    @Test
    void sourcePassesThroughUntilItsContextIsInvalidated() {
        long entry = bench.contextEntry(Bench.DEVICE);
        long translating = bench.memory.read64(entry);
        bench.memory.write64(entry, ContextEntry.TT.with(translating, 2));
        long wide = 1L << 60;
        assertThat(Translation.isUntranslated(bench.read(wide))).isTrue();
        bench.memory.write64(entry, translating);
        assertThat(Translation.isUntranslated(bench.read(IOVA))).isTrue();
        bench.invalidateContexts();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        bench.memory.write64(entry, ContextEntry.TT.with(translating, 2));
        bench.invalidateContexts();
        bench.memory.write64(entry, translating);
        assertThat(Translation.isUntranslated(bench.read(IOVA))).isTrue();
        bench.disable();
        bench.enable();
        assertThat(Translation.isUntranslated(bench.read(IOVA))).isFalse();
    }

    /** What makes QEMU look whether sources pass through. */
    enum Look {
        GLOBAL(Bench::invalidateContexts),
        DOMAIN(b -> b.write(VtdRegisters.CCMD, 1L << 63 | 2L << 61 | 0x77)),
        DEVICE(b -> b.write(VtdRegisters.CCMD, 1L << 63 | 3L << 61 | Bench.DEVICE << 16)),
        FUNCTION_MASK(b -> b.write(VtdRegisters.CCMD,
                1L << 63 | 3L << 61 | 3L << 32 | (Bench.DEVICE | 7) << 16)),
        ROOT(b -> b.setRoot(b.read(VtdRegisters.RTADDR) >>> 10 == 1 ? 1 : 0)),
        TRANSLATION(b -> {
            b.disable();
            b.enable();
        });

        private final Consumer<Bench> what;

        Look(Consumer<Bench> what) {
            this.what = what;
        }
    }

    @ParameterizedTest
    @EnumSource(Look.class)
    void idleSourcePassesThroughSinceItsContextWasLookedAt(Look look) {
        long entry = bench.contextEntry(Bench.DEVICE);
        long translating = bench.memory.read64(entry);
        bench.memory.write64(entry, ContextEntry.TT.with(translating, 2));
        look.what.accept(bench);
        bench.memory.write64(entry, translating);
        assertThat(Translation.isUntranslated(bench.unit.follow(Bench.DEVICE, -1, IOVA,
                Access.READ, new WalkRecording()))).isTrue();
        assertThat(Translation.isUntranslated(bench.write(1L << 60))).as("its first").isTrue();
        assertThat(Translation.isUntranslated(bench.read(IOVA))).isTrue();
        look.what.accept(bench);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void idleSourceOfAnotherDeviceIsNotLookedAt() {
        long entry = bench.contextEntry(Bench.DEVICE);
        long translating = bench.memory.read64(entry);
        bench.memory.write64(entry, ContextEntry.TT.with(translating, 2));
        bench.write(VtdRegisters.CCMD, 1L << 63 | 3L << 61 | (Bench.DEVICE + 8L) << 16);
        bench.memory.write64(entry, translating);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void idleSourcePassesThroughInScalableModeToo() {
        scalableMode();
        long entry = bench.pasidEntry(Bench.DEVICE, 0);
        bench.memory.write64(entry, Bench.pasidWord(table, PasidEntry.PGTT_PASS_THROUGH, 2));
        bench.invalidateContexts();
        bench.memory.write64(entry, Bench.pasidWord(table, PasidEntry.PGTT_SECOND_STAGE, 2));
        assertThat(Translation.isUntranslated(bench.read(1L << 60))).isTrue();
        bench.invalidateContexts();
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void pagesAreInvalidatedModulo512() {
        bench.read(IOVA);
        bench.map(table, IOVA, NEW, 3);
        invalidatePage(0x20_2000);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        invalidatePage(0x20_1000);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(NEW);
    }

    private void invalidatePage(long address) {
        bench.write(VtdRegisters.iva(bench.ecap), address);
        bench.write(VtdRegisters.iotlb(bench.ecap), 0xb000_0000_0000_0000L
                | (long) Bench.DOMAIN << 32);
    }

    @Test
    void domainsContextInvalidationIsGlobal() {
        bench.read(IOVA);
        bench.invalidateIotlb();
        bench.memory.write64(bench.contextEntry(Bench.DEVICE), 0);
        bench.write(VtdRegisters.CCMD, 1L << 63 | 2L << 61 | 0x77);
        assertThat(bench.read(VtdRegisters.CCMD) >>> 59 & 3).isEqualTo(1);
        assertThat(Translation.isBlocked(bench.read(IOVA))).isTrue();
    }

    @Test
    void pasidEntryIsReadForEachRequestAndNeedNotBePresentOnceTheContextIsCached() {
        scalableMode();
        bench.read(IOVA);
        bench.invalidateIotlb();
        long entry = bench.pasidEntry(Bench.DEVICE, 0);
        long other = bench.page();
        bench.memory.write64(entry, Bench.pasidWord(other, 2, 2));
        assertThat(Translation.isBlocked(bench.read(IOVA))).isTrue();
        bench.memory.write64(entry, Bench.pasidWord(table, 2, 2) & ~1);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
        bench.invalidateContexts();
        bench.invalidateIotlb();
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0x58);
    }

    @Test
    void firstStageIsWalkedAsSecondStage() {
        scalableMode();
        bench.memory.write64(bench.pasidEntry(Bench.DEVICE, 0), Bench.pasidWord(table, 1, 2));
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void rightIsDeniedBeforeReservedBitsAreLookedAt() {
        long leaf = bench.entry(table, 4, IOVA, 1);
        bench.memory.write64(leaf, OLD | 1 | 1L << 62);
        assertThat(Translation.reason(bench.write(IOVA))).isEqualTo(5);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(0xc);
    }

    @Test
    void topTableOutsideMemoryIsAnInvalidContext() {
        bench.context(Bench.DEVICE, Bench.DOMAIN, 4, 0, 1L << 40);
        assertThat(Translation.reason(bench.read(IOVA))).isEqualTo(3);
    }

    @Test
    void largePageThatTouchesTheInterruptRangeIsBlockedAsAWhole() {
        bench.memory.write64(bench.entry(table, 4, 1L << 30, 3), 0xc000_0000L | 0x83);
        assertThat(Translation.reason(bench.read(1L << 30))).isEqualTo(0xe);
        assertThat(Translation.isUntranslated(bench.read(0xfee0_0000L))).isTrue();
    }

    @Test
    void registerInvalidationStaysPendingWhileTheQueueIsEnabled() {
        bench.write(VtdRegisters.IQA, bench.page());
        bench.command(GlobalCommand.QIE.mask());
        bench.write(VtdRegisters.CCMD, 1L << 63 | 1L << 61);
        assertThat(bench.read(VtdRegisters.CCMD)).isEqualTo(1L << 63 | 1L << 61);
    }

    @Test
    void queueIsDisabledOnlyWhenIdleAfterAWait() {
        long queue = bench.page();
        bench.write(VtdRegisters.IQA, queue);
        bench.command(GlobalCommand.QIE.mask());
        bench.write(VtdRegisters.GCMD, 0);
        assertThat(GlobalCommand.QIE.isSet(bench.read(VtdRegisters.GSTS))).isTrue();
        bench.memory.write64(queue, 0x25);
        bench.memory.write64(queue + 8, bench.page());
        bench.write(VtdRegisters.IQT, 16);
        bench.write(VtdRegisters.GCMD, 0);
        assertThat(GlobalCommand.QIE.isSet(bench.read(VtdRegisters.GSTS))).isFalse();
    }

    @Test
    void waitMustWriteOrInterrupt() {
        long queue = bench.page();
        bench.memory.write64(queue, 0x45);
        bench.write(VtdRegisters.IQA, queue);
        bench.command(GlobalCommand.QIE.mask());
        bench.write(VtdRegisters.IQT, 16);
        assertThat(status()).isEqualTo(0x10);
        bench.memory.write64(queue, 0x15);
        bench.write(VtdRegisters.FSTS, 0x10);
        assertThat(bench.read(VtdRegisters.IQH)).as("it does not go on by itself").isZero();
        bench.write(VtdRegisters.IQT, 16);
        assertThat(bench.read(VtdRegisters.IQH)).isEqualTo(16);
    }

    @Test
    void withoutScalableModeTheTableModeIsNotLookedAt() {
        bench.setRoot(1);
        assertThat(Translation.address(bench.read(IOVA))).isEqualTo(OLD);
    }

    @Test
    void queueAddressReadsBackAsItIsInUse() {
        bench.unit.writeRegister(0x90, 8, 0x30_0802);
        assertThat(bench.unit.readRegister(0x90, 8)).as("never enabled").isEqualTo(2);
        bench.unit.writeRegister(0x18, 4, 1 << 26);
        assertThat(bench.unit.readRegister(0x90, 8)).as("without DW").isEqualTo(0x30_0002);
        bench.unit.writeRegister(0x90, 8, 0x1234_0040_0001L);
        assertThat(bench.unit.readRegister(0x90, 8)).isEqualTo(0x30_0001);
        assertThat(bench.unit.readRegister(0x90, 4)).isEqualTo(0x30_0001);
        assertThat(bench.unit.readRegister(0x94, 4)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x38, 0xa0, 0xa8})
    void pairThatQemuDoesNotTakeIsACallersMistake(int offset) {
        assertThatThrownBy(() -> bench.unit.writeRegister(offset, 8, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("takes 4");
        bench.unit.writeRegister(offset, 4, 0);
    }
}
