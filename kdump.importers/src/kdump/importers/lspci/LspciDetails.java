// SPDX-License-Identifier: Apache-2.0
package kdump.importers.lspci;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;
import kdump.importers.functions.FunctionFacts;
import kdump.importers.functions.VirtualFacts;

/** The lines that {@code lspci -v} and {@code -vv} print below a function. */
final class LspciDetails {

    private static final Pattern SUBSYSTEM =
            Pattern.compile("\\s+Subsystem: .*?\\[?([0-9a-f]{4}):([0-9a-f]{4})\\]?.*");
    private static final Pattern PIN = Pattern.compile("\\s+Interrupt: pin ([A-D]) .*");
    private static final Pattern REGION = Pattern.compile("\\s+(?:Region (\\d): )?"
            + "(Memory|I/O ports) at ([0-9a-f]{1,16})"
            + "(?: \\((32|64)-bit, (non-)?prefetchable\\))?.*");
    private static final Pattern SIZE = Pattern.compile(".*\\[size=(\\d{1,4})([KMGT]?)\\].*");
    private static final Pattern BUSES = Pattern.compile("\\s+Bus: primary=[0-9a-f]{2},"
            + " secondary=([0-9a-f]{2}), subordinate=([0-9a-f]{2}).*");
    private static final Pattern CAPABILITY =
            Pattern.compile("\\s+Capabilities: \\[([0-9a-f]{2,3})(?: v\\d+)?\\] (.*)");
    private static final Pattern EXPRESS =
            Pattern.compile("Express (?:\\(v\\d\\) )?([A-Z][A-Za-z/ -]*?)(?: \\(.*|, .*| IO.*)?");
    private static final Pattern MSI_X = Pattern.compile("MSI-X: Enable([+-]) Count=(\\d{1,4}).*");
    private static final Pattern PLACE = Pattern.compile(
            "\\s+(Vector table|PBA): BAR=([0-5]) offset=([0-9a-f]{1,8}).*");
    private static final Pattern CONTROLS =
            Pattern.compile("\\s+(Control|DevCtl|RootCtl|BridgeCtl|ATSCtl|ACSCtl|Flags):(.*)");
    private static final Pattern VIRTUAL_COUNTS = Pattern.compile("\\s+Initial VFs: \\d{1,5},"
            + " Total VFs: (\\d{1,5}), Number of VFs: (\\d{1,5})\\b.*");
    private static final Pattern VIRTUAL_LAYOUT = Pattern.compile(
            "\\s+VF offset: (\\d{1,5}), stride: (\\d{1,5}), Device ID: ([0-9a-f]{4})\\b.*");
    private static final Pattern VIRTUAL_PAGES = Pattern.compile("\\s+Supported Page Size:"
            + " ([0-9a-f]{8}), System Page Size: ([0-9a-f]{8})\\b.*");
    private static final Pattern VIRTUAL_CONTROL = Pattern.compile("\\s+IOVCtl:(.*)");
    private static final Pattern DRIVER = Pattern.compile("\\s+Kernel driver in use: (\\S{1,64})");

    /** Bits of registers by the word of each, from bit 0 up; those that nobody needs are empty. */
    private static final List<String> COMMAND = List.of("I/O+", "Mem+", "BusMaster+", "", "", "",
            "ParErr+", "", "SERR+", "", "DisINTx+");
    private static final List<String> DEVICE_CONTROL = List.of("CorrErr+", "NonFatalErr+",
            " FatalErr+", "UnsupReq+");
    private static final List<String> ROOT_CONTROL = List.of("ErrCorrectable+", "ErrNon-Fatal+",
            "ErrFatal+", "PMEIntEna+");
    private static final List<String> ACCESS_CONTROL = List.of("SrcValid+", "TransBlk+",
            "ReqRedir+", "CmpltRedir+", "UpstreamFwd+");
    private static final List<String> IOV_CONTROL =
            List.of("Enable+", "", "", "MSE+", "ARIHierarchy+");
    private static final List<String> OLD_DEVICE_CONTROL = List.of("Correctable+", "Non-Fatal+",
            " Fatal+", "Unsupported+");

    private final FunctionFacts facts;
    private int nextRegion;
    /** While the lines are those of SR-IOV; null otherwise. */
    private VirtualFacts virtual;

    LspciDetails(FunctionFacts facts) {
        this.facts = facts;
    }

    void line(String line) {
        Matcher m = CAPABILITY.matcher(line);
        if (m.matches()) {
            virtual = null;
            capability(Integer.parseInt(m.group(1), 16), m.group(2));
            return;
        }
        if (virtual != null && virtual(line)) {
            return;
        }
        m = REGION.matcher(line);
        if (m.matches()) {
            region(m, line);
            return;
        }
        m = CONTROLS.matcher(line);
        if (m.matches()) {
            controls(m.group(1), m.group(2));
            return;
        }
        m = BUSES.matcher(line);
        if (m.matches()) {
            facts.buses(Integer.parseInt(m.group(1), 16), Integer.parseInt(m.group(2), 16));
            return;
        }
        m = PLACE.matcher(line);
        if (m.matches()) {
            int place = (int) Long.parseLong(m.group(3), 16) | Integer.parseInt(m.group(2));
            boolean vectors = m.group(1).startsWith("V");
            facts.msiXPlace(vectors ? place : -1, vectors ? -1 : place);
            return;
        }
        single(line);
    }

    /** Takes a line of SR-IOV, whose regions are those of virtual functions. */
    private boolean virtual(String line) {
        Matcher m = VIRTUAL_COUNTS.matcher(line);
        if (m.matches()) {
            virtual.counts(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)));
            return true;
        }
        m = VIRTUAL_LAYOUT.matcher(line);
        if (m.matches()) {
            virtual.layout(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)),
                    Integer.parseInt(m.group(3), 16));
            return true;
        }
        m = VIRTUAL_PAGES.matcher(line);
        if (m.matches()) {
            virtual.pageSizes((int) Long.parseLong(m.group(1), 16),
                    (int) Long.parseLong(m.group(2), 16));
            return true;
        }
        m = VIRTUAL_CONTROL.matcher(line);
        if (m.matches()) {
            virtual.control(bits(m.group(1), IOV_CONTROL));
            return true;
        }
        m = REGION.matcher(line);
        boolean region = m.matches() && m.group(1) != null && m.group(2).equals("Memory");
        if (region) {
            virtual.bar(Integer.parseInt(m.group(1)), Long.parseUnsignedLong(m.group(3), 16),
                    "64".equals(m.group(4)), m.group(4) != null && m.group(5) == null);
        }
        return region;
    }

    private void single(String line) {
        Matcher m = SUBSYSTEM.matcher(line);
        if (m.matches()) {
            facts.subsystem(Integer.parseInt(m.group(1), 16)
                    | Integer.parseInt(m.group(2), 16) << 16);
            return;
        }
        m = PIN.matcher(line);
        if (m.matches()) {
            facts.pin(m.group(1).charAt(0) - 'A' + 1);
            return;
        }
        m = DRIVER.matcher(line);
        if (m.matches()) {
            facts.driver(m.group(1));
        }
    }

    private void controls(String register, String words) {
        switch (register) {
            case "Control" -> facts.command(bits(words, COMMAND));
            case "Flags" -> facts.command(words.contains("bus master")
                    ? ConfigWriter.IO_SPACE | ConfigWriter.MEMORY_SPACE | ConfigWriter.BUS_MASTER
                    : ConfigWriter.IO_SPACE | ConfigWriter.MEMORY_SPACE);
            case "DevCtl" -> facts.deviceControl(bits(words, DEVICE_CONTROL)
                    | bits(words, OLD_DEVICE_CONTROL));
            case "RootCtl" -> facts.rootControl(bits(words, ROOT_CONTROL));
            case "BridgeCtl" -> facts.bridgeControl(words.contains("SERR+") ? 2 : 0);
            case "ACSCtl" -> facts.accessControl(0, bits(words, ACCESS_CONTROL));
            default -> facts.translationServices(0, words.contains("Enable+") ? 0x8000 : 0);
        }
    }

    private static int bits(String words, List<String> names) {
        int bits = 0;
        for (int i = 0; i < names.size(); i++) {
            bits |= !names.get(i).isEmpty() && words.contains(names.get(i)) ? 1 << i : 0;
        }
        return bits;
    }

    private void region(Matcher m, String line) {
        boolean wide = "64".equals(m.group(4));
        int index = m.group(1) == null ? nextRegion : Integer.parseInt(m.group(1));
        nextRegion = index + (wide ? 2 : 1);
        Matcher size = SIZE.matcher(line);
        long bytes = size.matches()
                ? Long.parseLong(size.group(1)) << 10 * " KMGT".indexOf(size.group(2).isEmpty()
                        ? " " : size.group(2)) : 0;
        facts.bar(index, Long.parseUnsignedLong(m.group(3), 16), bytes, wide,
                m.group(4) != null && m.group(5) == null, m.group(2).startsWith("I/O"));
    }

    private void capability(int at, String said) {
        Matcher m = EXPRESS.matcher(said);
        if (m.matches()) {
            ExpressType type = ExpressType.told(m.group(1));
            if (type != null) {
                facts.express(at, type);
            }
            return;
        }
        m = MSI_X.matcher(said);
        if (m.matches()) {
            facts.msiX(at, Integer.parseInt(m.group(2)), m.group(1).equals("+"));
        } else if (said.startsWith("MSI:")) {
            facts.msi(at);
        } else if (said.startsWith("Advanced Error Reporting")) {
            facts.errorReporting(at);
        } else if (said.startsWith("Address Translation Service")) {
            facts.translationServices(at, 0);
        } else if (said.startsWith("Access Control Services")) {
            facts.accessControl(at, 0);
        } else if (said.startsWith("Single Root I/O Virtualization")) {
            virtual = facts.virtual(at);
        }
    }
}
