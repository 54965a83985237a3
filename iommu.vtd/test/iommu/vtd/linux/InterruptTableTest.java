// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Message;
import iommu.api.profile.KernelProfile;
import iommu.api.unit.Interrupt;
import iommu.vtd.Capability;
import iommu.vtd.GlobalCommand;
import iommu.vtd.InterruptRemapEntry;
import iommu.vtd.InterruptRequest;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.settings.BootOptions;
import iommu.vtd.linux.settings.KernelQuirks;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The interrupt table of a kernel, alone and after another kernel's. */
class InterruptTableTest {

    private static final String COPIED = "DMAR-IR: Copied IR table for dmar0 from previous kernel";
    private static final String FAILED =
            "DMAR-IR: Failed to copy IR table for dmar0 from previous kernel";
    private static final String ENABLED = "DMAR-IR: Enabled IRQ remapping in xapic mode";

    private BenchKernel kernel = BenchKernel.legacy();

    private InterruptTable install(boolean labelled) {
        return install(BenchKernel.profile(labelled ? "6.1" : "4.1"), false);
    }

    private InterruptTable install(KernelProfile profile, boolean extended) {
        var registers = new UnitRegisters(kernel, true);
        InvalidationRing.disableLeftOver(kernel, registers);
        var ring = new InvalidationRing(kernel, registers,
                KernelQuirks.of(BenchKernel.profile("6.1")));
        ring.enable();
        var table = new InterruptTable(kernel, registers, "dmar0", KernelQuirks.of(profile));
        table.install(ring, extended);
        table.enable();
        kernel.print(table.announcement());
        return table;
    }

    private long table() {
        return VtdRegisters.IRTA_BASE.inPlace(kernel.get(VtdRegisters.IRTA));
    }

    private boolean remaps() {
        return GlobalCommand.IRE.isSet(kernel.get(VtdRegisters.GSTS));
    }

    /** Installs the first kernel's table with some entries, and moves on to the next kernel. */
    private long firstKernels() {
        install(true);
        long table = table();
        for (int index : new int[] {0, 5, 255, 256, 65535}) {
            kernel.memory.write64(table + 16L * index, 1 | (long) index << 32);
            kernel.memory.write64(table + 16L * index + 8, index);
        }
        kernel.captureKernelPages();
        return table;
    }

    @ParameterizedTest(name = "labelled {0}")
    @CsvSource({"true, DMAR-IR: Enabled IRQ remapping in xapic mode",
        "false, Enabled IRQ remapping in xapic mode"})
    void theFirstTableIsEmptyAndHas65536Entries(boolean labelled, String line) {
        assertThat(remaps()).isFalse();
        install(labelled);
        assertThat(remaps()).isTrue();
        assertThat(VtdRegisters.S.of(kernel.get(VtdRegisters.IRTA))).isEqualTo(0xf);
        assertThat(table() % (1 << 20)).as("as large as it is aligned").isZero();
        for (long at = table(); at < table() + (1 << 20); at += 8) {
            assertThat(kernel.memory.read64(at)).isZero();
        }
        assertThat(kernel.console).containsExactly(line);
    }

    @Test
    void theNextKernelCopiesEveryEntryIntoATableOfItsOwn() {
        long old = firstKernels();
        install(true);
        assertThat(table()).isNotEqualTo(old);
        for (int index : new int[] {0, 5, 255, 256, 65535}) {
            assertThat(kernel.memory.read64(table() + 16L * index)).as("entry %d", index)
                    .isEqualTo(1 | (long) index << 32);
            assertThat(kernel.memory.read64(table() + 16L * index + 8)).isEqualTo(index);
        }
        assertThat(kernel.memory.read64(table() + 16)).as("entry 1").isZero();
        assertThat(kernel.console).containsExactly(COPIED, ENABLED);
    }

    @Test
    void aTableWithExtendedDestinationsIsAnnouncedAsX2apicMode() {
        kernel = new BenchKernel(BenchKernel.CAP, BenchKernel.ECAP | 1 << 4, Map.of());
        install(BenchKernel.profile("6.1"), true);
        assertThat(VtdRegisters.EIME.isSet(kernel.get(VtdRegisters.IRTA))).isTrue();
        assertThat(kernel.console)
                .containsExactly("DMAR-IR: Enabled IRQ remapping in x2apic mode");
        var registers = new UnitRegisters(kernel, true);
        var options = BootOptions.of(BenchKernel.profile("6.1"));
        assertThat(InterruptTable.extended(registers, options)).isTrue();
        assertThat(InterruptTable.extended(registers,
                BootOptions.of(BenchKernel.profile("6.1").with("vtd.x2apic", 0)))).isFalse();
        kernel = BenchKernel.legacy();
        assertThat(InterruptTable.extended(new UnitRegisters(kernel, true), options))
                .as("a unit that cannot").isFalse();
    }

    @Test
    void withoutVerificationAnEntryTakesMessagesFromAnySource() {
        for (int verifies = 0; verifies < 2; verifies++) {
            var table = install(BenchKernel.profile("6.1").with("vtd.verifiesSource", verifies),
                    false);
            table.allocate(0x0608, 0x31);
            long high = kernel.memory.read64(table() + 8);
            assertThat(InterruptRemapEntry.SVT.of(high)).isEqualTo(verifies);
            assertThat(InterruptRemapEntry.SID.of(high)).isEqualTo(0x0608);
            kernel = BenchKernel.legacy();
        }
    }

    @Test
    void aPlannedKexecStartsOverWithAnEmptyTable() {
        firstKernels();
        install(BenchKernel.profile("6.1").with("vtd.kdump", 0), false);
        assertThat(kernel.console).containsExactly("DMAR-IR: IRQ remapping was enabled on dmar0"
                + " but we are not in kdump mode", ENABLED);
        assertThat(kernel.memory.read64(table())).isZero();
        assertThat(kernel.commands).anyMatch(c -> !GlobalCommand.IRE.isSet(c.value()));
        assertThat(remaps()).isTrue();
    }

    @Test
    void remappingIsNeverOffWhileATableIsCopied() {
        firstKernels();
        install(true);
        assertThat(kernel.commands).isNotEmpty().allMatch(c ->
                GlobalCommand.IRE.isSet(c.status()) && GlobalCommand.IRE.isSet(c.value()));
        assertThat(remaps()).isTrue();
    }

    /** A table of another size is not one of Linux, one outside memory cannot be read. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"another size, 0x200007", "half the size, 0x20000e",
        "outside memory, 0x1000000000f", "its end outside memory, 0x3f8000f"})
    void anotherTableIsNotCopied(String what, String irta) {
        firstKernels();
        kernel.unit.writeRegister(VtdRegisters.IRTA.offset(), 8, Long.decode(irta));
        install(true);
        assertThat(kernel.console).as(what).containsExactly(FAILED, ENABLED);
        assertThat(kernel.memory.read64(table())).isZero();
        assertThat(remaps()).isTrue();
    }

    @Test
    void whatEarlierKernelsLeftOnIsSwitchedOffOnce() {
        install(true);
        var registers = new UnitRegisters(kernel, true);
        kernel.commands.clear();
        InterruptTable.disableLeftOver(registers);
        assertThat(remaps()).isFalse();
        assertThat(kernel.commands).hasSize(1);
        InterruptTable.disableLeftOver(registers);
        assertThat(kernel.commands).as("it is off already").hasSize(1);
    }

    /** A unit that drops its entries with the command needs no invalidation. */
    @ParameterizedTest(name = "ESIRTPS {0}")
    @CsvSource({"0, true", "1, false"})
    void entriesAreInvalidatedWhereTheCommandDoesNotDoIt(int drops, boolean invalidated) {
        kernel = new BenchKernel(Capability.ESIRTPS.with(BenchKernel.CAP, drops),
                BenchKernel.ECAP, Map.of());
        install(true);
        assertThat(kernel.get(VtdRegisters.IQT) > 0).isEqualTo(invalidated);
    }

    /** What a message leads to at the unit: its vector, or -1 if it is blocked. */
    private int vector(int source, Message message) {
        long outcome = kernel.unit.interrupt(source, message.address(), message.data());
        return Interrupt.isBlocked(outcome) ? -1 : Interrupt.vector(outcome);
    }

    @Test
    void anInterruptGetsAnEntryThatOnlyItsSourceMayUse() {
        InterruptTable table = install(true);
        Message disk = table.allocate(0x100, 0x31);
        Message nic = table.allocate(0x200, 0x32);
        assertThat(vector(0x100, disk)).isEqualTo(0x31);
        assertThat(vector(0x200, nic)).isEqualTo(0x32);
        assertThat(vector(0x200, disk)).as("of another source").isEqualTo(-1);
        assertThat(disk).isNotEqualTo(nic);
    }

    @Test
    void entriesThatWereCopiedAreNotGivenOut() {
        firstKernels();
        InterruptTable table = install(true);
        for (int index : new int[] {1, 2, 3, 4, 6}) {
            assertThat(InterruptRequest.index(table.allocate(0x100, 0x40).address(), 0))
                    .isEqualTo(index);
        }
        assertThat(kernel.memory.read64(table() + 16 * 5)).as("the crashed kernel's")
                .isEqualTo(1 | 5L << 32);
    }
}
