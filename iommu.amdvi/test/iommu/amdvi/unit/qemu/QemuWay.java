// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi.unit.qemu;

import static iommu.amdvi.unit.Fixture.DEVICE;
import static iommu.amdvi.unit.Fixture.RW;

import iommu.amdvi.AmdViRegisters;
import iommu.amdvi.unit.Fixture;
import iommu.amdvi.unit.settings.HardwareProfiles;
import iommu.api.pcie.Access;
import java.util.function.Function;

/** Things that QEMU's amd-iommu does otherwise than the manual: how to see them. */
enum QemuWay {

    ENTRY_WITHOUT_TV(f -> {
        change(f, 0, 0, 2);
        return read(f, 0x1000);
    }),
    ENTRY_WITHOUT_V_IS_CHECKED(f -> {
        change(f, 0, 4, 1);
        return read(f, 0x1000);
    }),
    RESERVED_MODE_IS_NOT_LOGGED(f -> {
        change(f, 0, 0xe00, 0);
        return read(f, 0x1000) + ", " + events(f);
    }),
    ADDRESS_BEYOND_THE_LEVELS(f -> read(f, 0x80_0000_1000L)),
    PAGE_THAT_IS_NOT_PRESENT(f -> {
        change(f, 1, 0, 1);
        return read(f, 0x1000);
    }),
    PAGE_HAS_THE_RIGHTS_OF_ITS_LEAF(f -> {
        change(f, 2, 0, 1L << 62);
        read(f, 0x1000);
        return write(f, 0x1000);
    }),
    DEVICE_BEYOND_THE_TABLE(f -> {
        f.memory.write64(f.table + 0x1000, 3 | 3L << 61);
        f.command(2L << 60 | 0x80, 0);
        return told(Fixture.outcome(f.unit.translate(0x80, 0x3000, Access.READ)));
    }),
    READ_OF_THE_INTERRUPT_RANGE(f -> read(f, 0xfee0_0000L)),
    ENTRIES_OF_DEVICES_ARE_NOT_CACHED(f -> {
        read(f, 0x1000);
        change(f, 0, 0xe00, 0);
        return read(f, 0x5000);
    }),
    PAGES_ARE_INVALIDATED_BY_DOMAIN(f -> {
        read(f, 0x1000);
        change(f, 1, 0x2000, 0);
        f.command(3L << 60 | (long) Fixture.DOMAIN << 32, 0x9000);
        return read(f, 0x1000);
    }),
    PAGE_FAULTS_NAME_NO_ADDRESS(f -> {
        f.read(0x9000);
        return events(f) + " " + Long.toHexString(f.memory.read64(f.log + 8));
    }),
    UNKNOWN_COMMAND_DOES_NOT_STOP_THE_BUFFER(f -> {
        f.command(9L << 60, 0);
        return "status " + Long.toHexString(f.read(AmdViRegisters.STATUS) & 0x18) + " head "
                + f.read(AmdViRegisters.CMD_HEAD);
    }),
    WAIT_WITH_RESERVED_BITS_IS_DONE(f -> {
        f.command(1L << 60 | 0xffL << 52 | f.store | 1, 0x78);
        return Long.toHexString(f.memory.read64(f.store));
    }),
    WAIT_STAYS_IN_THE_STATUS(f -> {
        f.command(1L << 60 | 2, 0);
        f.write(AmdViRegisters.STATUS, 4);
        return Long.toHexString(f.read(AmdViRegisters.STATUS) & 4);
    }),
    BYTES_OF_REGISTERS(f -> {
        f.unit.writeRegister(AmdViRegisters.EXCLUSION_LIMIT.offset() + 2, 1, 0x12);
        return Long.toHexString(f.unit.readRegister(
                AmdViRegisters.EXCLUSION_LIMIT.offset() + 2, 1));
    }),
    RESERVED_BITS_OF_REGISTERS(f -> {
        f.write(AmdViRegisters.EXCLUSION_LIMIT, -1);
        return Long.toHexString(f.read(AmdViRegisters.EXCLUSION_LIMIT));
    }),
    ENTRY_IS_TAKEN_AS_IT_WAS_INVALIDATED(f -> {
        change(f, 0, 0, 1);
        f.command(2L << 60 | DEVICE, 0);
        change(f, 0, 1, 0);
        return read(f, 0x1000);
    }),
    RIGHTS_COUNT_WHERE_NONE_IS_LEFT(f -> {
        change(f, 2, 0, 1L << 62);
        return write(f, 0x1000);
    });

    private static final int PAGE = 0x20_5000;

    private final Function<Fixture, String> stimulus;

    QemuWay(Function<Fixture, String> stimulus) {
        this.stimulus = stimulus;
    }

    /** Returns what comes of it on a unit of a profile, in words. */
    String on(String profile) {
        var unit = Fixture.on(HardwareProfiles.named().get(profile).settings());
        unit.map(unit.domain(DEVICE, Fixture.DOMAIN, 3), 0x1000, PAGE, RW);
        unit.command(2L << 60 | DEVICE, 0);
        return stimulus.apply(unit);
    }

    /** Changes the entry for 1000h at a level; 0 is the device's own; OR, then AND NOT. */
    private static void change(Fixture f, int level, long set, long clear) {
        long own = f.entryOf(DEVICE);
        long at = level == 0 ? own
                : f.entry(f.memory.read64(own) & 0xf_ffff_ffff_f000L, 3, 0x1000, level);
        f.memory.write64(at, (f.memory.read64(at) | set) & ~clear);
    }

    private static String read(Fixture f, long address) {
        return told(f.read(address));
    }

    private static String write(Fixture f, long address) {
        return told(f.write(address));
    }

    private static String events(Fixture f) {
        return "events " + f.read(AmdViRegisters.EVENT_TAIL) / 16;
    }

    private static String told(long outcome) {
        return outcome == Long.MIN_VALUE ? "passes" : outcome < 0 ? "event " + -outcome
                : Long.toHexString(outcome);
    }
}
