// SPDX-License-Identifier: Apache-2.0
package iommu.legacy.calgary;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Access;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Layouts, against Linux' masks and offsets. */
class TranslationEntryTest {

    /** Linux, tce.h. */
    @Test
    void fieldsAreThoseOfTheHeader() {
        assertThat(TranslationEntry.RPN.mask()).isEqualTo(0x0000fffffffff000L);
        assertThat(TranslationEntry.READ.mask()).isEqualTo(1);
        assertThat(TranslationEntry.WRITE.mask()).isEqualTo(2);
        assertThat(TranslationEntry.BYTES).isEqualTo(8);
    }

    @Test
    void whatMayBeWrittenMayBeReadToo() {
        assertThat(TranslationEntry.of(0x1234_5678, Access.READ)).isEqualTo(0x1234_5001);
        assertThat(TranslationEntry.of(0x1234_5678, Access.WRITE)).isEqualTo(0x1234_5003);
        assertThat(TranslationEntry.access(0x1234_5003)).isEqualTo(Access.READ | Access.WRITE);
        assertThat(TranslationEntry.access(0x1234_5000)).isEqualTo(Access.NONE);
    }

    @Test
    void anEntryLiesWithItsHighestByteFirst() {
        var memory = PhysicalMemory.zeroed(List.of(new AddressRange(0, 4096)));
        memory.write64(0, TranslationEntry.swap(0x0000_1234_5678_9003L));
        byte[] bytes = new byte[8];
        memory.read(0, bytes, 0, 8);
        assertThat(bytes).containsExactly(0, 0, 0x12, 0x34, 0x56, 0x78, 0x90, 0x03);
    }

    /** Linux, pci-calgary_64.c. */
    @Test
    void registersAreWhereLinuxHasThem() {
        assertThat(CalgaryRegisters.tar(0)).isEqualTo(0x580);
        assertThat(CalgaryRegisters.tar(3)).isEqualTo(0x598);
        assertThat(CalgaryRegisters.splitQueue(2)).isEqualTo(0x6870);
        assertThat(CalgaryRegisters.stuff(1)).isEqualTo(0x5020);
        assertThat(CalgaryRegisters.phb(3, CalgaryRegisters.CONFIG_RW)).isEqualTo(0xb160);
        assertThat(CalgaryRegisters.TAR_SOFTWARE).isEqualTo(0x0000ffffffff800fL);
        assertThat(CalgaryRegisters.TCE_ENABLE.mask()).isEqualTo(0x20000000);
        assertThat(CalgaryRegisters.SLOT_DISABLE.mask()).isEqualTo(0x1c000000);
        assertThat(CalgaryRegisters.DAC_DISABLE.mask()).isEqualTo(0x01000000);
        assertThat(CalgaryRegisters.MEM_2_ENABLE.mask()).isEqualTo(0x00400000);
        assertThat(CalgaryRegisters.MCSR_ENABLE.mask()).isEqualTo(0x00100000);
        assertThat(~CalgaryRegisters.CSR_AGENT.mask() & 0xffffffffL).isEqualTo(0xffe0ffffL);
    }
}
