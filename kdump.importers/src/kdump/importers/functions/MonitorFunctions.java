// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import iommu.api.pcie.RequesterId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.bytes.TextFile;

/**
 * Reads what QEMU's monitor prints for {@code info pci}. Bus numbers and addresses count if they
 * are there: before firmware has given them, all are 0.
 *
 * <p>Source: QEMU, the monitor command {@code info pci}.
 */
public final class MonitorFunctions {

    /** Most bytes: some ten lines for each function. */
    public static final int MAX_BYTES = 4 << 20;

    private static final Pattern PLACE = Pattern.compile(
            " *Bus +(\\d{1,3}), device +(\\d{1,2}), function (\\d):.*");
    private static final Pattern DEVICE =
            Pattern.compile(" *(.*): PCI device ([0-9a-f]{4}):([0-9a-f]{4}).*");
    private static final Pattern SUBSYSTEM =
            Pattern.compile(" *PCI subsystem ([0-9a-f]{4}):([0-9a-f]{4}).*");
    private static final Pattern PIN = Pattern.compile(" *IRQ \\d+, pin ([A-D]).*");
    private static final Pattern BUS =
            Pattern.compile(" *(secondary|subordinate) bus (\\d{1,3})\\..*");
    private static final Pattern BAR = Pattern.compile(" *BAR(\\d): (I/O|32 bit|64 bit)"
            + "( prefetchable)?(?: memory)? at 0x([0-9a-f]{1,16}) \\[0x([0-9a-f]{1,16})\\].*");

    private final FunctionTable table;
    private FunctionFacts facts;
    private int secondary;

    private MonitorFunctions(FunctionTable table) {
        this.table = table;
    }

    /** Reads a listing into a table; lines of another form are passed over. */
    public static void read(TextFile text, FunctionTable table) {
        MonitorFunctions reader = new MonitorFunctions(table);
        text.lines().forEach(reader::line);
    }

    private void line(String line) {
        Matcher m = PLACE.matcher(line);
        if (m.matches()) {
            int bus = Integer.parseInt(m.group(1));
            int device = Integer.parseInt(m.group(2));
            int function = Integer.parseInt(m.group(3));
            facts = bus > 0xff || device > 0x1f || function > 7 ? null
                    : table.of(RequesterId.of(0, bus, device, function));
            secondary = 0;
        } else if (facts != null) {
            ofFunction(line);
        }
    }

    private void ofFunction(String line) {
        Matcher m = DEVICE.matcher(line);
        if (m.matches()) {
            facts.ids(hex(m.group(2)), hex(m.group(3)));
            if (m.group(1).strip().equals("PCI bridge")) {
                facts.bridge();
            }
            return;
        }
        m = SUBSYSTEM.matcher(line);
        if (m.matches()) {
            facts.subsystem(hex(m.group(1)) | hex(m.group(2)) << 16);
            return;
        }
        m = PIN.matcher(line);
        if (m.matches()) {
            facts.pin(m.group(1).charAt(0) - 'A' + 1);
            return;
        }
        m = BUS.matcher(line);
        if (m.matches()) {
            int bus = Integer.parseInt(m.group(2));
            if (m.group(1).equals("secondary")) {
                secondary = bus;
            } else {
                facts.buses(secondary, bus);
            }
            return;
        }
        m = BAR.matcher(line);
        if (m.matches()) {
            long start = Long.parseUnsignedLong(m.group(4), 16);
            facts.bar(Integer.parseInt(m.group(1)), start,
                    Long.parseUnsignedLong(m.group(5), 16) - start + 1,
                    m.group(2).equals("64 bit"), m.group(3) != null, m.group(2).equals("I/O"));
        }
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
