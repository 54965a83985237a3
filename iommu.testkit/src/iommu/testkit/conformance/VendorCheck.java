// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static iommu.testkit.conformance.Requests.check;
import static iommu.testkit.conformance.Requests.hex;
import static iommu.testkit.conformance.Requests.isBlocked;
import static iommu.testkit.conformance.Requests.reaches;

import iommu.api.pcie.Access;
import iommu.api.profile.KernelProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.FaultRecord;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import iommu.api.unit.StepRefusedException;
import iommu.api.unit.Translation;
import iommu.api.unit.UnitDriver;
import iommu.api.unit.UnitListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opentest4j.AssertionFailedError;

/**
 * Has units and the kernels' code for them do what every machine has them do. Each method ends with
 * an {@link AssertionError} that says what it has done; a unit that never returns makes the method
 * never return, see {@link VendorConformance}. Not for units whose kernels give out addresses by a
 * way of their own ({@link UnitDriver#dmaOps}), {@link HostileTables} and {@link #isWellNamed}
 * aside. One thread.
 */
public final class VendorCheck {

    private static final int DISK = 0x0018;
    private static final int NETWORK = 0x0020;
    private static final int IDLE = 0x0028;
    private static final long IOVA = 0xffe0_0000L;
    private static final long OTHER_IOVA = 0xffd0_0000L;
    private static final long MEMORY = 1L << 20;
    private static final long OTHER_MEMORY = 4L << 20;
    private static final int PAGE = 4096;
    private static final int LARGE = 2 << 20;
    /** More than any log of a unit has room for. */
    private static final int FAULTS = 600;
    /** Kernels limit how often they print. */
    private static final int PRINTED = 3;

    private final IommuVendor vendor;
    private final KernelProfile kernel;

    /** Makes the check of one vendor under one kernel. */
    public VendorCheck(IommuVendor vendor, KernelProfile kernel) {
        this.vendor = vendor;
        this.kernel = kernel;
    }

    private VendorMachine machine() {
        return new VendorMachine(vendor, kernel);
    }

    private VendorMachine started() {
        return started(vendor, kernel);
    }

    static VendorMachine started(IommuVendor vendor, KernelProfile kernel) {
        var machine = new VendorMachine(vendor, kernel);
        try {
            machine.start();
        } catch (StepRefusedException e) {
            throw new AssertionFailedError("a unit after a reset cannot be started: " + e, e);
        }
        check(machine.driver().hasTables(), "a kernel that started its unit has no tables");
        check(machine.unit().translating(), "a unit that was started does not translate");
        return machine;
    }

    /** Names are there, settings that are unknown are refused, and profiles make units. */
    public void isWellNamed() {
        check(vendor.name() != null && vendor.name().matches("[a-z][a-z0-9-]*"),
                "the name '" + vendor.name() + "' is not of small letters, digits and hyphens");
        for (String setting : vendor.kernelSettings()) {
            check(setting.startsWith(vendor.name() + "."), "the kernel setting " + setting
                    + " does not begin with the vendor's name and a dot");
        }
        check(vendor.kernelOptions("quiet root=/dev/sda1") != null, "kernel options are null");
        var profile = new UnitProfile(vendor.name(), "spec", 0, Map.of(),
                Map.of("noSuchSetting", 1L));
        try {
            vendor.unit(profile, machine().memory());
            throw new AssertionFailedError("a unit takes a setting that nobody knows");
        } catch (IllegalArgumentException e) {
            check(e.getMessage() != null && e.getMessage().contains("noSuchSetting"),
                    "what refuses a setting does not name it: " + e.getMessage());
        }
        var plain = new UnitProfile(vendor.name(), "spec", 0, Map.of(), Map.of());
        vendor.hardwareProfiles().forEach((name, hardware) ->
                vendor.unit(hardware.over(plain), machine().memory()));
    }

    /** After a reset a unit is off, and lets all requests pass unchanged. */
    public void isOffAfterAReset() {
        RemappingUnit unit = machine().unit();
        check(!unit.translating(), "a unit translates after a reset");
        for (long address : new long[] {0, IOVA, 1L << 40, -4096}) {
            check(Translation.isUntranslated(unit.translate(DISK, address, Access.READ)),
                    "a unit that is off does not let " + hex(address) + " pass");
        }
    }

    /** What is mapped is reached by whom it is for, in the ways that it is for, and no more. */
    public void translatesWhatIsMapped() {
        VendorMachine machine = started();
        UnitDriver driver = machine.driver();
        driver.domain(DISK);
        driver.map(DISK, IOVA, MEMORY, PAGE, Access.READ | Access.WRITE);
        driver.map(DISK, OTHER_IOVA, OTHER_MEMORY, PAGE, Access.READ);
        driver.domain(NETWORK);
        driver.map(NETWORK, IOVA, OTHER_MEMORY, PAGE, Access.READ | Access.WRITE);
        RemappingUnit unit = machine.unit();
        reaches(unit, DISK, IOVA + 0x123, Access.READ, MEMORY + 0x123);
        reaches(unit, DISK, IOVA + 0xfff, Access.WRITE, MEMORY + 0xfff);
        reaches(unit, DISK, OTHER_IOVA, Access.READ, OTHER_MEMORY);
        reaches(unit, NETWORK, IOVA, Access.WRITE, OTHER_MEMORY);
        isBlocked(unit, DISK, OTHER_IOVA, Access.WRITE, "a write of a page to be read");
        isBlocked(unit, NETWORK, OTHER_IOVA, Access.READ, "another function's page");
        isBlocked(unit, DISK, IOVA + PAGE, Access.READ, "the page behind");
        isBlocked(unit, DISK, IOVA - 1, Access.READ, "the page before");
        isBlocked(unit, IDLE, IOVA, Access.READ, "a function without mappings");
        check(mappings(unit, DISK).equals(List.of(hex(OTHER_IOVA) + " " + hex(OTHER_MEMORY) + " r",
                hex(IOVA) + " " + hex(MEMORY) + " rw")), "the mappings told of one function are "
                + mappings(unit, DISK));
    }

    private static List<String> mappings(RemappingUnit unit, int requester) {
        var rows = new ArrayList<String>();
        int table = unit.tableOf(requester);
        unit.mappings(new RowVisitor((id, iova, address, access) -> {
            if (id == table) {
                rows.add(hex(iova) + " " + hex(address) + " " + Access.format(access));
            }
        }));
        return rows;
    }

    /** Large ranges are mapped whole, and unmapped whole. */
    public void mapsLargeRanges() {
        VendorMachine machine = started();
        machine.driver().domain(DISK);
        machine.driver().map(DISK, IOVA, OTHER_MEMORY, LARGE, Access.READ | Access.WRITE);
        for (long at = 0; at < LARGE; at += PAGE) {
            reaches(machine.unit(), DISK, IOVA + at + 8, Access.WRITE, OTHER_MEMORY + at + 8);
        }
        isBlocked(machine.unit(), DISK, IOVA - PAGE, Access.READ, "the page before");
        machine.driver().unmap(DISK, IOVA, LARGE);
        machine.driver().flush();
        for (long at = 0; at < LARGE; at += PAGE) {
            isBlocked(machine.unit(), DISK, IOVA + at, Access.READ, "an unmapped page");
        }
    }

    /** What is unmapped is not reached any more, however often it was before. */
    public void forgetsWhatIsUnmapped() {
        VendorMachine machine = started();
        UnitDriver driver = machine.driver();
        driver.domain(DISK);
        for (int round = 0; round < 50; round++) {
            long address = MEMORY + round * PAGE;
            driver.map(DISK, IOVA, address, PAGE, Access.READ | Access.WRITE);
            reaches(machine.unit(), DISK, IOVA, Access.READ, address);
            reaches(machine.unit(), DISK, IOVA, Access.WRITE, address);
            driver.unmap(DISK, IOVA, PAGE);
            driver.flush();
            isBlocked(machine.unit(), DISK, IOVA, Access.READ, "an unmapped page");
        }
    }

    /** A blocked request is told, recorded, printed by the kernel, and makes room for another. */
    public void recordsFaults() {
        VendorMachine machine = started();
        var heard = new ArrayList<FaultRecord>();
        var recorded = new ArrayList<Boolean>();
        int[] announced = new int[1];
        machine.unit().listener(new UnitListener() {
            @Override
            public void blocked(FaultRecord fault, boolean isRecorded) {
                heard.add(fault);
                recorded.add(isRecorded);
            }

            @Override
            public void faultInterrupt() {
                announced[0]++;
            }
        });
        for (int round = 1; round <= FAULTS; round++) {
            long iova = IOVA - round * PAGE;
            machine.port().console().clear();
            long outcome = machine.unit().translate(DISK, iova, Access.READ);
            check(Translation.isBlocked(outcome), "a request that nobody mapped passes");
            check(heard.size() == round, "a blocked request is told " + (heard.size() - round + 1)
                    + " times");
            FaultRecord fault = heard.get(round - 1);
            check(fault.requester() == DISK && fault.address() == iova
                    && fault.reason() == Translation.reason(outcome), "of " + hex(iova)
                    + " the unit tells " + fault);
            check(recorded.get(round - 1), "fault " + round + " is not recorded, and those before"
                    + " it were read");
            check(announced[0] == round, "fault " + round + " is announced " + announced[0]
                    + " times in all");
            check(fault.key() != null && fault.text() != null && !fault.text().isBlank(),
                    "the reason has no words: " + fault);
            machine.driver().handleFaults();
            check(round > PRINTED || !machine.port().console().isEmpty(),
                    "the kernel prints nothing of a fault");
        }
    }
}
