// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import java.util.ArrayList;
import java.util.List;

/**
 * A block of an IVRS table. Reserved fields are kept, so that a table can be written again.
 *
 * <p>Source: AMD I/O Virtualization Technology Specification, "I/O Virtualization ACPI Table".
 */
public sealed interface IvrsBlock {

    /** Returns where it begins in the file. */
    int offset();

    /** Returns its type. */
    int type();

    /** Returns the flags, the byte after the type. */
    int flags();

    /** Returns its number of bytes, with type and length. */
    int bytes();

    /** Writes what follows type, flags and length. */
    void writeRest(TableWriter out);

    /** Returns the names of the flags that are set. */
    default String flagNames() {
        return "";
    }

    /** Returns the title of a type as iasl has it; empty for a type that it does not know. */
    static String title(int type) {
        return switch (type) {
            case Ivhd.OLD, Ivhd.NEW, Ivhd.WITH_NAMES -> "Hardware Definition Block";
            case Ivmd.ALL, Ivmd.ONE, Ivmd.RANGE -> "Memory Definition Block";
            default -> "";
        };
    }

    /** Returns those of {@code names} whose bit is set, the first for bit 0. */
    private static String names(int bits, String... names) {
        var set = new ArrayList<String>();
        for (int bit = 0; bit < names.length; bit++) {
            if ((bits >>> bit & 1) != 0) {
                set.add(names[bit]);
            }
        }
        return String.join(" ", set);
    }

    /**
     * A unit and the devices it serves: "I/O Virtualization Hardware Definition".
     *
     * @param offset in the file
     * @param type 0x10, 0x11 or 0x40; the last two have an image of the extended features
     * @param flags as they stand there
     * @param deviceId of the unit itself
     * @param capabilityOffset of its capability block in config space
     * @param registerBase physical address of the registers
     * @param segment PCI segment
     * @param info interrupt message number and unit id
     * @param attributes feature reporting of type 0x10; attributes of the others
     * @param features image of the extended feature register; 0 for type 0x10
     * @param features2 image of the second one; 0 for type 0x10
     * @param entries the devices
     */
    record Ivhd(int offset, int type, int flags, int deviceId, int capabilityOffset,
            long registerBase, int segment, int info, long attributes, long features,
            long features2, List<IvhdEntry> entries) implements IvrsBlock {

        static final int OLD = 0x10;
        static final int NEW = 0x11;
        static final int WITH_NAMES = 0x40;
        static final int OLD_BYTES = 24;
        static final int NEW_BYTES = 40;

        /** Copies the list. */
        public Ivhd {
            entries = List.copyOf(entries);
        }

        @Override
        public int bytes() {
            return (type == OLD ? OLD_BYTES : NEW_BYTES)
                    + entries.stream().mapToInt(IvhdEntry::bytes).sum();
        }

        @Override
        public void writeRest(TableWriter out) {
            IvhdEntry.device(out, "DeviceId", deviceId);
            out.u16("Capability Offset", capabilityOffset).u64("Base Address", registerBase)
                    .u16("PCI Segment Group", segment).u16("Virtualization Info", info)
                    .u32(type == OLD ? "Feature Reporting" : "Attributes", attributes);
            if (type != OLD) {
                out.u64("EFR Image", features).u64("Reserved", features2);
            }
            entries.forEach(e -> e.write(out));
        }

        @Override
        public String flagNames() {
            return names(flags, "HtTunEn", "PassPW", "ResPassPW", "Isoc", "IotlbSup", "Coherent",
                    "PreFSup", "PPRSup");
        }
    }

    /**
     * Memory that devices may use: "I/O Virtualization Memory Definition".
     *
     * @param offset in the file
     * @param type 0x20 all devices, 0x21 one, 0x22 a range
     * @param flags bit 0 unity mapping, 1 read, 2 write, 3 exclusion range
     * @param deviceId the device, or the first of the range
     * @param auxiliary the last of the range
     * @param reserved as it stands there
     * @param start first address
     * @param length in bytes
     */
    record Ivmd(int offset, int type, int flags, int deviceId, int auxiliary, long reserved,
            long start, long length) implements IvrsBlock {

        /** type: all devices. */
        public static final int ALL = 0x20;
        /** type: one device. */
        public static final int ONE = 0x21;
        /** type: a range of devices. */
        public static final int RANGE = 0x22;
        static final int BYTES = 32;

        @Override
        public int bytes() {
            return BYTES;
        }

        @Override
        public void writeRest(TableWriter out) {
            IvhdEntry.device(out, "DeviceId", deviceId);
            out.u16("Auxiliary Data", auxiliary).u64("Reserved", reserved)
                    .u64("Start Address", start).u64("Memory Length", length);
        }

        @Override
        public String flagNames() {
            return names(flags, "Unity", "IR", "IW", "ExclusionRange");
        }
    }

    /**
     * A block of a type unknown here, or of another length than its type.
     *
     * @param offset in the file
     * @param type as it stands there
     * @param flags as they stand there
     * @param rest what follows type, flags and length, a character a byte
     */
    record Other(int offset, int type, int flags, String rest) implements IvrsBlock {

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
