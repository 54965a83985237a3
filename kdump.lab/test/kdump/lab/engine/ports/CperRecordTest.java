// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.PciFunction;
import iommu.api.trace.Trace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Stage;
import kdump.policies.linux.Linux;
import org.junit.jupiter.api.Test;

/** Offsets are those of the tables in ACPI and in appendix N of UEFI. */
class CperRecordTest {

    private static final int SECTION = 92;

    private static PciFunction function(int id) {
        return new Stage("vtd1", RunOptions.ofSeed(1)).run(new Linux(), Trace.Level.COUNT)
                .machine().fabric().function(id);
    }

    private static ByteBuffer record(int id) {
        return ByteBuffer.wrap(CperRecord.fatal(function(id))).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void blockEntryAndSectionFollowEachOther() {
        ByteBuffer record = record(0x300);
        assertThat(record.capacity()).isEqualTo(20 + 72 + 208);
        assertThat(record.getInt(0)).as("uncorrectable, one entry").isEqualTo(0x11);
        assertThat(record.getInt(12)).as("data length").isEqualTo(72 + 208);
        assertThat(record.getInt(16)).as("fatal").isEqualTo(1);
        byte[] guid = new byte[16];
        record.get(20, guid);
        assertThat(guid).asHexString().isEqualTo("54E995D9C1BB0F43AD91B44DCB3C6F35");
        assertThat(record.getInt(20 + 24)).as("error data length").isEqualTo(208);
    }

    @Test
    void theSectionNamesTheFunctionByItsRegisters() {
        ByteBuffer record = record(0x300);
        assertThat(record.getShort(SECTION + 24) & 0xffff).as("vendor").isEqualTo(0x1b36);
        assertThat(record.getShort(SECTION + 26) & 0xffff).as("device").isEqualTo(0x000d);
        assertThat(record.get(SECTION + 35)).as("bus").isEqualTo((byte) 3);
        assertThat(record.getShort(SECTION + 16) & 0xffff)
                .isEqualTo(function(0x300).readConfig(4, 2));
        assertThat(record.get(SECTION + 52)).as("PCI Express capability").isEqualTo((byte) 0x10);
    }

    @Test
    void aBridgeHasItsOwnFieldsToo() {
        ByteBuffer record = record(0x10);
        assertThat(record.getLong(SECTION) & 0x20).isNotZero();
        assertThat(record.get(SECTION + 36)).as("secondary bus")
                .isEqualTo((byte) function(0x10).readConfig(0x19, 1));
        assertThat(record.getInt(SECTION + 8)).as("root port").isEqualTo(4);
    }

    @Test
    void itIsPrintedAsKernelsDo() {
        List<String> lines = CperLines.of(CperRecord.fatal(function(0x10)), 3);
        assertThat(lines).allMatch(l -> l.startsWith("{3}[Hardware Error]: "));
        assertThat(lines).contains("{3}[Hardware Error]: event severity: fatal",
                "{3}[Hardware Error]:  Error 0, type: fatal",
                "{3}[Hardware Error]:   section_type: PCIe error",
                "{3}[Hardware Error]:   port_type: 4, root port",
                "{3}[Hardware Error]:   device_id: 0000:00:02.0",
                "{3}[Hardware Error]:   class_code: 060400");
    }
}
