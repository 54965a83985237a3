// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.pcie.DeviceContext;
import iommu.api.trace.Event;
import java.util.List;
import java.util.Set;
import kdump.lab.api.LabException;
import kdump.lab.api.Verdict;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/** Where M. Montgomery's rule of September 2008 needs nothing, and where it ends. */
final class MontgomeryLimits {

    private static final String POLICY = "identity-map-crash-range";
    /** A wireless adapter of the machine. */
    private static final int GUESTS = 0x2100;

    static final List<Claim> CLAIMS = List.of(
            new Claim("S2-6", "without an IOMMU nothing has to be set up: leftover I/O goes to old"
                    + " buffers outside of the crash area, kdump's to its own", "no-iommu, linux",
                    "no stray byte, no request of the crashed kernel's work in the crash area, all"
                    + " of the capture kernel's in it, a complete dump", MontgomeryLimits::none),
            new Claim("S2-15", "this assumes no virtual machines", "laptop, " + POLICY + ", an"
                    + " adapter that the first kernel has given to a guest", "the map is refused"
                    + " for it, and what the capture kernel's driver has it do goes elsewhere",
                    MontgomeryLimits::guest));

    private MontgomeryLimits() { }

    private static Finding none(Stage stage) throws LabException {
        Tale tale = stage.tale(stage.experiment("no-iommu", "linux"));
        Verdict v = tale.verdict();
        long inside = tale.oldRequests().filter(e -> tale.reservation().contains(e.a())).count();
        List<Event> own = tale.newRequests().filter(e -> e.id() > tale.probedAt(e.actor()))
                .toList();
        long outside = own.stream().filter(e -> !tale.reservation().contains(e.a())).count();
        return Finding.yes(inside == 0 && !own.isEmpty() && outside == 0 && v.dumpBytesStray() == 0
                        && v.lateLegitimateBytes() > 0 && SumnerInFlight.isGood(v), inside + " of "
                        + tale.oldRequests().count() + " leftover requests in the crash area, "
                        + outside + " of " + own.size() + " of kdump's outside of it, "
                        + v.dumpBytesStray() + " stray bytes, dump " + v.dump(),
                "descriptors hold physical addresses, of memory of their own kernel",
                "something left its memory");
    }

    private static Finding guest(Stage stage) throws LabException {
        Experiment run = stage.altered("laptop", POLICY, m -> m.withRunDefaults(
                m.runDefaults().withFunctions(Set.of(), Set.of(GUESTS))
                        .withDeviceOption(GUESTS, DeviceContext.OPENS_INTERFACE, 1)));
        Tale tale = stage.tale(run);
        Verdict v = tale.verdict();
        List<String> refused = v.reasons().stream().filter(r -> r.startsWith("refused: ")).toList();
        List<Event> own = tale.newRequests().filter(e -> e.actor() == GUESTS
                && e.id() > tale.probedAt(GUESTS)).toList();
        long elsewhere = own.stream().filter(e -> Tale.went(e) != e.a()).count();
        return Finding.yes(!refused.isEmpty() && elsewhere > 0, String.join("; ", refused) + "; "
                        + elsewhere + " of " + own.size() + " requests of the capture kernel's"
                        + " driver went elsewhere than into the crash area; dump " + v.dump(),
                "the guest's addresses are its own: an identity map of host memory would take some"
                + " of them away", "the map was done");
    }
}
