// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kernellog;

import iommu.api.pcie.RequesterId;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.functions.ExpressType;
import kdump.importers.functions.FunctionFacts;
import kdump.importers.functions.FunctionTable;

/**
 * Reads from a kernel's log what it finds on its buses: ids, classes, base addresses, bridges and
 * the buses behind them, PCI Express since 6.9; and whose drivers speak up.
 *
 * <p>Source: Linux, drivers/pci/probe.c and setup-bus.c, messages of 2.6.32 to 7.3.
 */
public final class LoggedFunctions {

    private static final Pattern OF_FUNCTION = Pattern.compile("([A-Za-z][\\w-]{0,40}) "
            + "([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]): +(.*)");
    /** NVMe tells which function a controller is. */
    private static final Pattern NAMES_FUNCTION = Pattern.compile("([a-z][\\w-]{0,40}) \\S{1,40}:"
            + " pci function ([0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7])");
    private static final Pattern FOUND = Pattern.compile("(?:found )?\\[([0-9a-f]{4}):([0-9a-f]{4})"
            + "\\] type ([0-9a-f]{1,2}) class 0x([0-9a-f]{6})(?: (.*))?");
    private static final Pattern BAR = Pattern.compile("(?:reg (?:0x)?([0-9a-f]{2})|BAR (\\d))"
            + ":?(?: assigned)? \\[(io |mem) ?0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})( 64bit)?"
            + "( pref)?\\].*");
    private static final Pattern OLD_BAR = Pattern.compile("reg ([0-9a-f]{2}) (io port|32bit mmio"
            + "|64bit mmio)( pref)?: \\[0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\\].*");
    private static final Pattern BUSES = Pattern.compile(
            "PCI bridge to \\[bus ([0-9a-f]{2})(?:-([0-9a-f]{2}))?\\].*");
    private static final Pattern OLD_BUS =
            Pattern.compile("PCI bridge, secondary bus [0-9a-f]{4}:([0-9a-f]{2}).*");
    private static final Pattern FAULT = Pattern.compile(".*(?:Request device \\[(?:0x)?"
            + "|IO_PAGE_FAULT (?:device=|domain=\\S+ device=)|PTE [A-Za-z ]*device \\[)"
            + "((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]).*");
    private static final int FIRST_BAR = 0x10;
    private static final Set<String> NO_DRIVERS = Set.of("pci", "pci_bus", "PCI", "pnp", "vgaarb");

    private final FunctionTable table;
    private final Set<Integer> faulting = new LinkedHashSet<>();

    private LoggedFunctions(FunctionTable table) {
        this.table = table;
    }

    /**
     * Reads a log into a table.
     *
     * @return functions that only fault messages name, on buses where nothing else was told of;
     *     they are in the table too
     */
    public static Set<Integer> read(KernelLog log, FunctionTable table) {
        LoggedFunctions reader = new LoggedFunctions(table);
        log.messages().forEach(reader::message);
        return reader.onlyFaulting();
    }

    private void message(String message) {
        Matcher m = OF_FUNCTION.matcher(message);
        if (m.matches()) {
            int requester = RequesterId.parse(m.group(2));
            if (!NO_DRIVERS.contains(m.group(1))) {
                FunctionFacts known = table.existing(requester);
                if (known != null) {
                    known.driver(m.group(1));
                }
            } else if (m.group(1).equals("pci")) {
                ofFunction(requester, m.group(3));
            }
            return;
        }
        m = NAMES_FUNCTION.matcher(message);
        if (m.matches()) {
            FunctionFacts known = table.existing(RequesterId.parse(m.group(2)));
            if (known != null) {
                known.driver(m.group(1));
            }
            return;
        }
        m = FAULT.matcher(message);
        if (m.matches()) {
            faulting.add(RequesterId.parse(m.group(1)));
        }
    }

    private void ofFunction(int requester, String said) {
        Matcher m = FOUND.matcher(said);
        if (m.matches()) {
            found(table.of(requester), m);
            return;
        }
        m = BAR.matcher(said);
        if (m.matches()) {
            int index = m.group(1) == null ? Integer.parseInt(m.group(2))
                    : index(m.group(1));
            bar(requester, index, m.group(4), m.group(5), m.group(6) != null,
                    m.group(7) != null, m.group(3).equals("io "));
            return;
        }
        m = OLD_BAR.matcher(said);
        if (m.matches()) {
            bar(requester, index(m.group(1)), m.group(4), m.group(5),
                    m.group(2).startsWith("64"), m.group(3) != null,
                    m.group(2).startsWith("io"));
            return;
        }
        m = BUSES.matcher(said);
        if (m.matches()) {
            int first = hex(m.group(1));
            table.of(requester).buses(first, m.group(2) == null ? first : hex(m.group(2)));
            return;
        }
        m = OLD_BUS.matcher(said);
        if (m.matches()) {
            table.of(requester).buses(hex(m.group(1)), hex(m.group(1)));
        }
    }

    /** Up to 3.2 the type has one digit, and the class comes without programming interface. */
    private static void found(FunctionFacts facts, Matcher m) {
        facts.ids(hex(m.group(1)), hex(m.group(2)));
        if (m.group(3).length() == 1) {
            facts.classAndSubclass(hex(m.group(4)) & 0xffff);
        } else {
            facts.classCode(hex(m.group(4)));
        }
        if ((hex(m.group(3)) & 0x7f) == 1) {
            facts.bridge();
        }
        ExpressType type = m.group(5) == null ? null : ExpressType.told(m.group(5));
        if (type != null) {
            facts.express(0, type);
        }
    }

    private static int index(String offset) {
        int at = hex(offset);
        return at < FIRST_BAR || at % 4 != 0 ? -1 : (at - FIRST_BAR) / 4;
    }

    private void bar(int requester, int index, String first, String last, boolean wide,
            boolean prefetchable, boolean io) {
        long start = Long.parseUnsignedLong(first, 16);
        long bytes = Long.parseUnsignedLong(last, 16) - start + 1;
        FunctionFacts facts = table.existing(requester);
        if (facts != null && start >= 0 && bytes > 0) {
            facts.bar(index, start, bytes, wide, prefetchable, io);
        }
    }

    /** A bridge's alias is no function: on its bus the log has others. */
    private Set<Integer> onlyFaulting() {
        Set<Integer> only = new LinkedHashSet<>();
        for (int requester : faulting) {
            if (table.existing(requester) == null && !table.hasBus(requester >>> 8)) {
                only.add(requester);
            }
        }
        only.forEach(table::of);
        return only;
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
