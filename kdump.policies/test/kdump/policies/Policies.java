// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Step;
import iommu.testkit.FakeHandover;
import java.util.List;
import java.util.stream.Collectors;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.identitymap.IdentityMapCrashRange;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.resetdevices.ResetDevices;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;

/** All policies by name, machines by the units that they have, and steps in few words. */
final class Policies {

    /** The names of all policies. */
    static final List<String> NAMES = List.of("copy-tables", "copy-page-tables", "reuse-root",
            "reuse-in-place", "disable-reinit", "leave-disabled", "reset-devices",
            "identity-map-crash-range");

    private Policies() { }

    static HandoverPolicy of(String name) {
        return switch (name) {
            case "copy-tables" -> new CopyTables();
            case "copy-page-tables" -> new CopyPageTables();
            case "reuse-root" -> new ReuseRoot();
            case "reuse-in-place" -> new ReuseInPlace();
            case "disable-reinit" -> new DisableReinit();
            case "leave-disabled" -> new LeaveDisabled();
            case "reset-devices" -> resetDevices(2, 100);
            case "identity-map-crash-range" -> new IdentityMapCrashRange();
            default -> throw new IllegalArgumentException("no policy " + name);
        };
    }

    static ResetDevices resetDevices(int resetMillis, int settleMillis) {
        return new ResetDevices(new ResetDevices.Config() {
            @Override
            public int resetMillis() {
                return resetMillis;
            }

            @Override
            public int settleMillis() {
                return settleMillis;
            }

            @Override
            public Class<ResetDevices.Config> annotationType() {
                return ResetDevices.Config.class;
            }
        });
    }

    /** Returns a machine: a letter a unit, v whose interrupts stand apart, a that shares tables. */
    static FakeHandover machine(String units) {
        var machine = new FakeHandover();
        units.chars().filter(unit -> unit != '-').forEach(unit ->
                machine.unit(unit == 'a' ? "amdvi" : "vtd", unit == 'a', null));
        return machine;
    }

    /** Returns steps as "off 0, clean 0"; "-" for none. */
    static String brief(List<Step> steps) {
        return steps.isEmpty() ? "-"
                : steps.stream().map(Policies::brief).collect(Collectors.joining(", "));
    }

    private static String brief(Step step) {
        if (step instanceof Step.InitialiseInterrupts s) {
            return "irq " + s.unit();
        }
        if (step instanceof Step.DisableTranslation s) {
            return "off " + s.unit();
        }
        if (step instanceof Step.StartClean s) {
            return "clean " + s.unit();
        }
        if (step instanceof Step.AdoptTables s) {
            return "adopt " + s.unit() + " " + s.depth();
        }
        return step instanceof Step.IdentityMap s ? "map " + Integer.toHexString(s.requester())
                : step.getClass().getSimpleName();
    }
}
