// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.pcie.RequesterId;

/**
 * An entry of an IVHD block: which devices a unit serves, and how. Reserved fields are kept.
 *
 * <p>Source: AMD I/O Virtualization Technology Specification, "IVHD Device Entries".
 */
public sealed interface IvhdEntry {

    /** Returns where it begins in the file. */
    int offset();

    /** Returns its type. */
    int type();

    /** Returns its number of bytes. */
    int bytes();

    /** Writes it. */
    void write(TableWriter out);

    /** Writes the id of a device. */
    static TableWriter device(TableWriter out, String name, int id) {
        return out.number(name, id, 2, RequesterId.formatShort(id));
    }

    /**
     * One device, all devices, or the start or end of a range, in four bytes.
     *
     * @param offset in the file
     * @param type 0 padding, 1 all, 2 one, 3 start, 4 end of a range
     * @param deviceId bus, device and function
     * @param setting bits of the device table entry
     */
    record Select(int offset, int type, int deviceId, int setting) implements IvhdEntry {

        static final int ALL = 1;
        static final int ONE = 2;
        static final int START = 3;
        static final int END = 4;

        @Override
        public int bytes() {
            return 4;
        }

        @Override
        public void write(TableWriter out) {
            String[] titles = {"padding", "all", "select", "start of range", "end of range"};
            device(out.number("Entry Type", type, 1, titles[type]), "Device ID", deviceId)
                    .u8("Data Setting", setting);
        }
    }

    /**
     * A device, or a range from one, that uses another's id; or one with more settings; in eight
     * bytes.
     *
     * @param offset in the file
     * @param type 66 one and 67 range with an alias, 70 one and 71 range with extended settings, 72
     *     an I/O APIC or HPET
     * @param deviceId bus, device and function
     * @param setting bits of the device table entry
     * @param first handle of an I/O APIC or HPET; else reserved, or bits 7:0 of extended settings
     * @param sourceId id that is used instead; or bits 23:8 of extended settings
     * @param last variety of {@code first}, 1 I/O APIC, 2 HPET; else reserved, or bits 31:24
     */
    record Wide(int offset, int type, int deviceId, int setting, int first, int sourceId, int last)
            implements IvhdEntry {

        static final int ALIAS_ONE = 66;
        static final int ALIAS_START = 67;
        static final int EXTENDED_ONE = 70;
        static final int EXTENDED_START = 71;
        static final int SPECIAL = 72;
        private static final int IO_APIC = 1;

        @Override
        public int bytes() {
            return 8;
        }

        /** Returns whether it says whose id the messages of an I/O APIC carry. */
        public boolean isIoApic() {
            return type == SPECIAL && last == IO_APIC;
        }

        /** Returns the extended settings, if the type has them. */
        public long extendedSettings() {
            return first | (long) sourceId << 8 | (long) last << 24;
        }

        @Override
        public void write(TableWriter out) {
            device(out.number("Entry Type", type, 1, title()), "Device ID", deviceId)
                    .u8("Data Setting", setting);
            if (type == EXTENDED_ONE || type == EXTENDED_START) {
                out.u32("Extended Data", extendedSettings());
                return;
            }
            boolean special = type == SPECIAL;
            device(out.u8(special ? "Handle" : "Reserved", first), "Source Used Device ID",
                    sourceId).number(special ? "Variety" : "Reserved", last, 1,
                            !special ? "" : last == 1 ? "IOAPIC" : last == 2 ? "HPET" : "");
        }

        private String title() {
            return switch (type) {
                case ALIAS_ONE -> "alias select";
                case ALIAS_START -> "alias start of range";
                case EXTENDED_ONE -> "extended select";
                case EXTENDED_START -> "extended start of range";
                default -> "special device";
            };
        }
    }

    /**
     * A device of ACPI's namespace.
     *
     * @param offset in the file
     * @param deviceId bus, device and function that its requests carry
     * @param setting bits of the device table entry
     * @param hardwareId eight characters
     * @param compatibleId eight characters
     * @param uidFormat 0 none, 1 an integer, 2 text
     * @param uid a character a byte
     */
    record Named(int offset, int deviceId, int setting, String hardwareId, String compatibleId,
            int uidFormat, String uid) implements IvhdEntry {

        static final int TYPE = 240;
        static final int BYTES = 22;

        @Override
        public int type() {
            return TYPE;
        }

        @Override
        public int bytes() {
            return BYTES + uid.length();
        }

        @Override
        public void write(TableWriter out) {
            device(out.number("Entry Type", TYPE, 1, "ACPI device"), "Device ID", deviceId)
                    .u8("Data Setting", setting).text("ACPI HID", hardwareId)
                    .text("ACPI CID", compatibleId).u8("UID Format", uidFormat)
                    .u8("UID Length", uid.length());
            if (uidFormat == 1) {
                out.raw("UID", uid);
            } else {
                out.text("UID", uid);
            }
        }
    }

    /**
     * An entry of a type unknown here; its length follows from the type.
     *
     * @param offset in the file
     * @param type as it stands there
     * @param rest what follows the type, a character a byte
     */
    record Other(int offset, int type, String rest) implements IvhdEntry {

        @Override
        public int bytes() {
            return 1 + rest.length();
        }

        @Override
        public void write(TableWriter out) {
            out.u8("Entry Type", type).raw("Data", rest);
        }
    }
}
