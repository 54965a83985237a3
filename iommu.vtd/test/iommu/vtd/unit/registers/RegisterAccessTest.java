// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.unit.registers;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.Register;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import iommu.vtd.RegisterSet;
import iommu.vtd.unit.Bench;
import iommu.vtd.unit.PasidBench;
import iommu.vtd.unit.VtdUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Accesses of every width to every register, and to the places where there is none. */
class RegisterAccessTest {

    private static final long CAP = Capability.NFR.with(Bench.wideCap(), 3)
            | Capability.AFL.mask() | Capability.PLMR.mask() | Capability.PHMR.mask();
    private static final long ECAP = PasidBench.ECAP | ExtendedCapability.EIM.mask();
    private static final long PATTERN = 0xa5c3_9669_5a3c_f00fL;
    private static final int END = 0x260;
    /** Commands: a part of them written does less than the whole. */
    private static final Set<String> COMMANDS =
            Set.of("GCMD_REG", "CCMD_REG", "IOTLB_REG", "IVA_REG", "PMEN_REG");

    private final VtdUnit unit = unit();

    private static VtdUnit unit() {
        return new VtdUnit(Bench.profile(CAP, ECAP, Map.of()),
                new PhysicalMemory(List.of(new AddressRange(0, 1 << 20)), 1));
    }

    static List<Register> all() {
        return RegisterSet.of(CAP, ECAP, 21, false);
    }

    static List<Register> settable() {
        return all().stream().filter(r -> r.writable() != 0 && !COMMANDS.contains(r.name()))
                .toList();
    }

    private static long ones(int bytes) {
        return bytes == 8 ? -1L : (1L << 8 * bytes) - 1;
    }

    /** Writes a value in pieces of a width, the lowest first. */
    private static void writePieces(VtdUnit to, Register r, int width, long value) {
        for (int at = 0; at < r.bytes(); at += width) {
            to.writeRegister(r.offset() + at, width, value >>> 8 * at & ones(width));
        }
    }

    private static long whole(VtdUnit of, Register r) {
        return of.readRegister(r.offset(), r.bytes());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void aPieceThatIsReadIsAPieceOfTheWhole(Register r) {
        if (!COMMANDS.contains(r.name())) {
            unit.writeRegister(r.offset(), r.bytes(), PATTERN & ones(r.bytes()));
        }
        long whole = whole(unit, r);
        for (int width = 1; width < r.bytes(); width *= 2) {
            for (int at = 0; at + width <= r.bytes(); at += width) {
                assertThat(unit.readRegister(r.offset() + at, width))
                        .as("%d bytes at %d", width, at).isEqualTo(whole >>> 8 * at & ones(width));
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settable")
    void aRegisterWrittenInPiecesHoldsWhatOneWrittenAtOnceDoes(Register r) {
        unit.writeRegister(r.offset(), r.bytes(), PATTERN & ones(r.bytes()));
        long expected = whole(unit, r);
        for (int width = 1; width < r.bytes(); width *= 2) {
            VtdUnit other = unit();
            writePieces(other, r, width, PATTERN);
            assertThat(whole(other, r)).as("in pieces of %d", width).isEqualTo(expected);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("settable")
    void aByteWrittenChangesNoOther(Register r) {
        unit.writeRegister(r.offset(), r.bytes(), ones(r.bytes()));
        long before = whole(unit, r);
        for (int at = 0; at < r.bytes(); at++) {
            unit.writeRegister(r.offset() + at, 1, 0);
            before &= ~(0xffL << 8 * at);
            assertThat(whole(unit, r)).as("byte %d", at).isEqualTo(before);
        }
    }

    /** Reserved bits read as they do after reset, whatever was written. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("settable")
    void reservedBitsKeepTheirValue(Register r) {
        long reserved = ones(r.bytes()) & ~(r.writable() | r.writeOneToClear());
        long reset = whole(unit, r) & reserved;
        for (long value : new long[] {-1, 0, PATTERN, ~PATTERN}) {
            unit.writeRegister(r.offset(), r.bytes(), value & ones(r.bytes()));
            assertThat(whole(unit, r) & reserved).as("0x%x", value).isEqualTo(reset);
        }
    }

    /** Two registers of 32 bits that lie beside each other in 64 are one access of 8 bytes. */
    @ParameterizedTest(name = "at {0}")
    @CsvSource({"0x38, 0x38, 0x3c", "0x40, 0x40, 0x44", "0x68, 0x68, 0x6c", "0xa0, 0xa0, 0xa4",
        "0xa8, 0xa8, 0xac", "0xe0, 0xe0, 0xe4", "0xe8, 0xe8, 0xec"})
    void eightBytesReachTwoRegisters(String offset, String low, String high) {
        VtdUnit other = unit();
        unit.writeRegister(Integer.decode(offset), 8, PATTERN);
        other.writeRegister(Integer.decode(low), 4, PATTERN & ones(4));
        other.writeRegister(Integer.decode(high), 4, PATTERN >>> 32);
        assertThat(unit.readRegister(Integer.decode(offset), 8))
                .isEqualTo(other.readRegister(Integer.decode(offset), 8))
                .isEqualTo(other.readRegister(Integer.decode(high), 4) << 32
                        | other.readRegister(Integer.decode(low), 4))
                .isNotZero();
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {1, 2, 4, 8})
    void placesWithoutRegisterReadAsZeroAndDropWrites(int width) {
        var taken = new boolean[END];
        for (Register r : all()) {
            for (int i = 0; i < r.bytes(); i++) {
                taken[r.offset() + i] = true;
            }
        }
        int free = 0;
        for (int at = 0; at + width <= END; at += width) {
            boolean any = false;
            for (int i = 0; i < width; i++) {
                any |= taken[at + i];
            }
            if (!any) {
                free++;
                unit.writeRegister(at, width, ones(width));
                assertThat(unit.readRegister(at, width)).as("at 0x%x", at).isZero();
            }
        }
        assertThat(free).isGreaterThan(20);
    }

    /** Registers that software cannot write are as they were, whatever the width. */
    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {1, 2, 4, 8})
    void readOnlyRegistersStay(int width) {
        List<Register> fixed = all().stream()
                .filter(r -> r.writable() == 0 && r.writeOneToClear() == 0
                        && r.bytes() >= width).toList();
        assertThat(fixed).isNotEmpty();
        for (Register r : fixed) {
            long before = whole(unit, r);
            writePieces(unit, r, width, ~before);
            writePieces(unit, r, width, 0);
            assertThat(whole(unit, r)).as(r.name()).isEqualTo(before);
        }
    }

    /** The top byte alone gives a command; the lower ones alone give none. */
    @Test
    void theByteWithTheCommandBitGivesTheCommand() {
        unit.writeRegister(0x18, 1, 0xff);
        unit.writeRegister(0x19, 1, 0xff);
        assertThat(unit.readRegister(0x1c, 4)).isZero();
        unit.writeRegister(0x1b, 1, 0x40);
        assertThat(unit.readRegister(0x1c, 4)).as("RTPS").isEqualTo(0x4000_0000L);
    }

    @Test
    void anInvalidationIsDoneWhenItsTopByteIsWritten() {
        unit.writeRegister(0x28, 4, 0x0108_0007L);
        assertThat(unit.readRegister(0x28, 8)).as("the source is WO").isEqualTo(7);
        unit.writeRegister(0x2c, 4, 0xa000_0000L);
        assertThat(unit.readRegister(0x28, 8)).as("done, global").isEqualTo(0x2800_0000_0000_0007L);
    }
}
