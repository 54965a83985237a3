// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import java.io.PrintStream;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.api.Verdict;

/** Verdicts for people: one line a policy, and below the table why. */
public final class VerdictText {

    private static final String ROW = "%-24s %-14s %-9s %8s %8s %8s %9s %9s %7s %7s%n";

    private VerdictText() { }

    /** Prints the heads of the columns. */
    public static void head(PrintStream out) {
        out.printf(ROW, "policy", "captureKernel", "dump", "stray", "late", "changed", "faults",
                "untransl", "media", "drivers");
        out.printf(ROW, "", "", "", "bytes", "bytes", "bytes", "", "requests", "wr/lost", "failed");
    }

    /**
     * Prints a verdict as one line.
     *
     * @param stock whether the policy leaves the capture kernel alone, which is marked
     */
    public static void row(Verdict v, boolean stock, PrintStream out) {
        out.printf(ROW, v.policy() + (stock ? " *" : ""), v.captureKernel(), v.dump(),
                v.dumpBytesStray(),
                v.lateLegitimateBytes(), v.oldMemoryBytesChanged(), v.faults().requests(),
                v.untranslatedDma().requests(),
                v.mediaBlocksWrong() + v.framesWrong() + "/"
                        + (v.mediaBlocksLost() + v.framesLost()),
                v.driversFailed().size());
    }

    /** Prints what stands behind a verdict; nothing if there is nothing to say. */
    public static void details(Verdict v, PrintStream out) {
        if (v.clean() && v.reasons().isEmpty()) {
            return;
        }
        out.println();
        out.println(v.policy() + ":");
        if (v.untranslatedDma().requests() > 0) {
            out.println("  untranslated requests: " + counts(v.untranslatedDma().byRequester()));
            Verdict.Landed landed = v.untranslatedDma().landed();
            out.printf("  they went to:          old memory %d, capture kernel %d, its free memory"
                    + " %d, device windows %d, nowhere %d%n", landed.oldMemory(),
                    landed.captureKernel(), landed.freeMemory(), landed.mmio(), landed.nothing());
        }
        if (v.faults().requests() > 0) {
            out.println("  faults by reason:      " + counts(v.faults().byReason()));
            out.println("  faults by requester:   " + counts(v.faults().byRequester()));
            out.println("  faults recorded " + v.faults().recorded() + ", printed "
                    + v.faults().printed());
        }
        v.driversFailed().forEach(
                f -> out.println("  driver failed:         " + f.requester() + ": " + f.reason()));
        if (v.serr()) {
            out.println("  a root port raised SERR");
        }
        v.reasons().forEach(reason -> out.println("  " + reason));
    }

    private static String counts(Map<String, Long> counts) {
        return counts.entrySet().stream().map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "));
    }
}
