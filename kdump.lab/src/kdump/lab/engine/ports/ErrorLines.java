// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.profile.KernelVersion;
import java.util.ArrayList;
import java.util.List;

/**
 * What Linux prints of errors. From 6.10 on it says correctable and uncorrectable, and calls a
 * message a message (the version is from memory).
 *
 * <p>Source: Linux, aer.c, aer_print_port_info, aer_print_error, __aer_print_error.
 */
final class ErrorLines {

    /** How bad an error is. */
    enum Severity {
        CORRECTABLE("correctable", "Corrected", "Correctable"),
        NON_FATAL("non-fatal", "Uncorrected (Non-Fatal)", "Uncorrectable (Non-Fatal)"),
        FATAL("fatal", "Uncorrected (Fatal)", "Uncorrectable (Fatal)");

        private final String words;
        private final String before;
        private final String since;

        Severity(String words, String before, String since) {
            this.words = words;
            this.before = before;
            this.since = since;
        }

        /** Returns how verdicts say it. */
        String words() {
            return words;
        }
    }

    private static final String[] UNCORRECTABLE = {"Undefined", null, null, null, "DLP", "SDES",
        null, null, null, null, null, null, "TLP", "FCP", "CmpltTO", "CmpltAbrt", "UnxCmplt",
        "RxOF", "MalfTLP", "ECRC", "UnsupReq", "ACSViol", "UncorrIntErr", "BlockedTLP",
        "AtomicOpBlocked", "TLPBlockedErr", "PoisonTLPBlocked"};
    private static final String[] CORRECTABLE = {"RxErr", null, null, null, null, null, "BadTLP",
        "BadDLLP", "Rollover", null, null, null, "Timeout", "NonFatalErr", "CorrIntErr",
        "HeaderOF"};
    private static final int RECEIVER_ERROR = 1;
    private static final int LINK_CORRECTABLE = 0x11c0;
    private static final int LINK_UNCORRECTABLE = 0x10;
    private static final int TRANSMITTER = 0x1100;
    private static final int REQUESTER = 1 << 14 | 1 << 20;
    private static final int COMPLETER = 1 << 15;

    private final boolean since610;

    ErrorLines(KernelVersion version) {
        since610 = version.atLeast(6, 10);
    }

    String severity(Severity severity) {
        return since610 ? severity.since : severity.before;
    }

    /** Returns what the port's service says first. */
    String received(PciFunction port, boolean several, Severity severity, int source) {
        return "pcieport " + RequesterId.format(port.requesterId()) + ": AER: "
                + (several ? "Multiple " : "") + severity(severity)
                + (since610 ? " error message received from " : " error received: ")
                + RequesterId.format(source);
    }

    /**
     * Returns what it says of the function that detected the error.
     *
     * @param status of the errors of that severity; 0 if it could not be read
     * @param first number of the first of them, -1 if that is not known
     * @param header of the packet, four dwords; null if there is none
     */
    List<String> detected(PciFunction agent, Severity severity, int status, int mask, int first,
            int[] header) {
        String name = "pci " + RequesterId.format(agent.requesterId()) + ": ";
        String begin = name + "PCIe Bus Error: severity=" + severity(severity) + ", type=";
        var lines = new ArrayList<String>();
        if (status == 0) {
            lines.add(begin + "Inaccessible, (Unregistered Agent ID)");
            return lines;
        }
        boolean correctable = severity == Severity.CORRECTABLE;
        lines.add(begin + layer(correctable, status) + ", (" + agent(correctable, status) + ")");
        lines.add(name + String.format("  device [%04x:%04x] error status/mask=%08x/%08x",
                agent.readConfig(0, 2), agent.readConfig(2, 2), status, mask));
        for (int left = status & ~mask; left != 0; left &= left - 1) {
            int bit = Integer.numberOfTrailingZeros(left);
            lines.add(name + String.format("   [%2d] %-22s%s", bit, name(correctable, bit),
                    bit == first ? " (First)" : "").stripTrailing());
        }
        if (header != null) {
            lines.add(name + String.format("AER:   TLP Header: %08x %08x %08x %08x", header[0],
                    header[1], header[2], header[3]));
        }
        return lines;
    }

    private static String layer(boolean correctable, int status) {
        if (correctable && (status & RECEIVER_ERROR) != 0) {
            return "Physical Layer";
        }
        return (status & (correctable ? LINK_CORRECTABLE : LINK_UNCORRECTABLE)) != 0
                ? "Data Link Layer" : "Transaction Layer";
    }

    private static String agent(boolean correctable, int status) {
        if (correctable) {
            return (status & TRANSMITTER) != 0 ? "Transmitter ID" : "Receiver ID";
        }
        return (status & COMPLETER) != 0 ? "Completer ID"
                : (status & REQUESTER) != 0 ? "Requester ID" : "Receiver ID";
    }

    private static String name(boolean correctable, int bit) {
        String[] all = correctable ? CORRECTABLE : UNCORRECTABLE;
        return bit < all.length && all[bit] != null ? all[bit] : "Unknown Error Bit";
    }

    /** Returns the short names of the errors in a status, comma-separated. */
    static String names(boolean correctable, int status) {
        var names = new ArrayList<String>();
        for (int left = status; left != 0; left &= left - 1) {
            names.add(name(correctable, Integer.numberOfTrailingZeros(left)));
        }
        return String.join(", ", names);
    }
}
