// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.List;

/**
 * A structure of a DMAR table. Reserved fields are kept, so that a table can be written again.
 *
 * <p>Source: VT-d, "BIOS Considerations", "Remapping Structure Types".
 */
public sealed interface DmarStructure permits Drhd, Rmrr, DmarStructure.Atsr, DmarStructure.Rhsa,
        DmarStructure.Andd, DmarStructure.SocDevices, DmarStructure.Other {

    /** Returns where it begins in the file. */
    int offset();

    /** Returns its type. */
    int type();

    /** Returns its number of bytes, with type and length. */
    int bytes();

    /** Writes what follows type and length. */
    void writeRest(TableWriter out);

    /** Returns the devices it names; empty for a kind that names none so. */
    default List<DeviceScope> scopes() {
        return List.of();
    }

    /** Returns the short name of a type. */
    static String name(int type) {
        String[] names = {"DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP"};
        return type < names.length ? names[type] : "structure type " + type;
    }

    /** Returns the title of a type as iasl has it; empty for a type that it does not know. */
    static String title(int type) {
        String[] titles = {"Hardware Unit Definition", "Reserved Memory Region",
            "Root Port ATS Capability", "Remapping Hardware Static Affinity",
            "ACPI Namespace Device Declaration", "SoC Integrated Address Translation Cache",
            "SoC Integrated Device Property"};
        return type < titles.length ? titles[type] : "";
    }

    /**
     * Root ports with address translation services. Source: VT-d, "Root Port ATS Capability
     * Reporting Structure".
     *
     * @param offset in the file
     * @param flags bit 0: all ports of the segment
     * @param reserved as it stands there
     * @param segment PCI segment
     * @param scopes the ports
     */
    record Atsr(int offset, int flags, int reserved, int segment, List<DeviceScope> scopes)
            implements DmarStructure {

        @Override
        public int type() {
            return 2;
        }

        @Override
        public int bytes() {
            return 8 + DeviceScope.bytes(scopes);
        }

        @Override
        public void writeRest(TableWriter out) {
            out.number("Flags", flags, 1, (flags & 1) != 0 ? "ALL_PORTS" : "")
                    .u8("Reserved", reserved).u16("PCI Segment Number", segment);
            scopes.forEach(s -> s.write(out));
        }
    }

    /**
     * Which memory is near to a unit. Source: VT-d, "Remapping Hardware Static Affinity Structure".
     *
     * @param offset in the file
     * @param reserved as it stands there
     * @param registerBase of the unit
     * @param proximityDomain as in SRAT
     */
    record Rhsa(int offset, long reserved, long registerBase, long proximityDomain)
            implements DmarStructure {

        static final int BYTES = 20;

        @Override
        public int type() {
            return 3;
        }

        @Override
        public int bytes() {
            return BYTES;
        }

        @Override
        public void writeRest(TableWriter out) {
            out.u32("Reserved", reserved).u64("Base Address", registerBase)
                    .u32("Proximity Domain", proximityDomain);
        }
    }

    /**
     * A device of ACPI's namespace that does DMA. Source: VT-d, "ACPI Name-space Device Declaration
     * Structure".
     *
     * @param offset in the file
     * @param reserved three bytes as they stand there, the first in bits 7:0
     * @param number by which scopes name it
     * @param name its path in the namespace, with what follows: at least one zero
     */
    record Andd(int offset, int reserved, int number, String name) implements DmarStructure {

        @Override
        public int type() {
            return 4;
        }

        @Override
        public int bytes() {
            return 8 + name.length();
        }

        @Override
        public void writeRest(TableWriter out) {
            out.number("Reserved", reserved, 3, "").u8("Device Number", number)
                    .text("Device Name", name);
        }
    }

    /**
     * Devices within the chip with address translation services, or devices with their properties.
     * Source: VT-d, "SoC Integrated Address Translation Cache Reporting Structure" and "SoC
     * Integrated Device Property Reporting Structure".
     *
     * @param offset in the file
     * @param type 5 for SATC, 6 for SIDP
     * @param flags of SATC, bit 0: the services are needed; reserved in SIDP
     * @param reserved as it stands there
     * @param segment PCI segment
     * @param scopes the devices
     */
    record SocDevices(int offset, int type, int flags, int reserved, int segment,
            List<DeviceScope> scopes) implements DmarStructure {

        static final int SATC = 5;
        static final int SIDP = 6;

        @Override
        public int bytes() {
            return 8 + DeviceScope.bytes(scopes);
        }

        @Override
        public void writeRest(TableWriter out) {
            out.number("Flags", flags, 1, type == SATC && (flags & 1) != 0 ? "ATC_REQUIRED" : "")
                    .u8("Reserved", reserved).u16("PCI Segment Number", segment);
            scopes.forEach(s -> s.write(out));
        }
    }

    /**
     * A structure that is unknown here, or has another length than its type.
     *
     * @param offset in the file
     * @param type as it stands there
     * @param rest what follows type and length, a character a byte
     */
    record Other(int offset, int type, String rest) implements DmarStructure {

        @Override
        public int bytes() {
            return 4 + rest.length();
        }

        @Override
        public void writeRest(TableWriter out) {
            out.raw("Data", rest);
        }
    }
}
