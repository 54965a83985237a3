// SPDX-License-Identifier: Apache-2.0
package example.vendor;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;
import static iommu.api.bits.Register.register32;
import static iommu.api.bits.Register.register64;

import iommu.api.bits.BitField;
import iommu.api.bits.Register;
import java.util.ArrayList;
import java.util.List;

/**
 * Registers and tables, bit by bit, as a manual would have them: the hardware and the kernels' code
 * share this, and nothing else.
 */
final class ToyLayout {

    // ---- registers ------------------------------------------------------------------------------

    static final Register VERSION = register32("VERSION", 0x00).reset(0x10);
    static final Register CAPABILITY = register32("CAPABILITY", 0x04).reset(8);
    /** Of {@link #CONTROL}: translation is on. */
    static final BitField ENABLE = bit(0);
    /** Of {@link #CONTROL}: the first fault that is recorded is announced. */
    static final BitField INTERRUPT = bit(1);
    static final Register CONTROL = register32("CONTROL", 0x08).readWrite(ENABLE, INTERRUPT);
    /** Of {@link #STATUS}: follows {@link #ENABLE}. */
    static final BitField ENABLED = bit(0);
    /** Of {@link #STATUS}: a record is valid. */
    static final BitField FAULT = bit(1);
    /** Of {@link #STATUS}: a fault found no free record. */
    static final BitField OVERFLOW = bit(2);
    static final Register STATUS = register32("STATUS", 0x0c).writeOneToClear(FAULT, OVERFLOW);
    /** Address of the function table, a page. */
    static final BitField ADDRESS = bits(51, 12);
    static final Register TABLE = register64("TABLE", 0x10).readWrite(ADDRESS);
    /** Of {@link #INVALIDATE}: all that is cached; without it the page at {@link #ADDRESS}. */
    static final BitField ALL = bit(0);
    static final Register INVALIDATE = register64("INVALIDATE", 0x18).writeOnly(ALL, ADDRESS);

    static final int RECORDS = 8;
    /** Of a fault record's cause: the requester's 16 bits. */
    static final BitField SOURCE = bits(15, 0);
    static final BitField WRITES = bit(16);
    static final BitField REASON = bits(27, 24);
    static final BitField VALID = bit(63);

    // ---- tables, of entries of 8 bytes ----------------------------------------------------------

    static final int ENTRY_BYTES = 8;
    /** A function table has an entry for each device and function of the bus. */
    static final int FUNCTIONS = 256;
    /** Of its entries, and of those of a directory. */
    static final BitField PRESENT = bit(0);
    /** A directory: 2048 entries, each for 2 MiB; 4 pages, aligned to their size. */
    static final BitField DIRECTORY_INDEX = bits(31, 21);
    static final BitField DIRECTORY = bits(51, 14);
    static final int DIRECTORY_PAGES = 4;
    /** A table: 512 entries, each for a page. */
    static final BitField TABLE_INDEX = bits(20, 12);
    static final BitField READ = bit(0);
    static final BitField WRITE = bit(1);
    static final int PAGE_SHIFT = 12;

    // ---- reasons --------------------------------------------------------------------------------

    static final int TOO_WIDE = 1;
    static final int NO_FUNCTION = 2;
    static final int NO_TABLE = 3;
    static final int NO_READ = 4;
    static final int NO_WRITE = 5;
    static final List<String> REASONS = List.of("", "the address has more than 32 bits",
            "the function entry is not present", "the directory entry is not present",
            "the page may not be read", "the page may not be written");

    private ToyLayout() { }

    /** Returns the register with the address of a fault record. */
    static Register faultAddress(int record) {
        return register64("FAULT_ADDRESS" + record, 0x40 + 16 * record);
    }

    /** Returns the register with its cause. */
    static Register faultCause(int record) {
        return register64("FAULT_CAUSE" + record, 0x48 + 16 * record).writeOneToClear(VALID);
    }

    static List<Register> registers() {
        var all = new ArrayList<>(List.of(VERSION, CAPABILITY, CONTROL, STATUS, TABLE,
                INVALIDATE));
        for (int i = 0; i < RECORDS; i++) {
            all.add(faultAddress(i));
            all.add(faultCause(i));
        }
        return all;
    }
}
