// SPDX-License-Identifier: Apache-2.0
package kdump.policies;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.Step;
import iommu.testkit.FakeHandover;
import iommu.testkit.Settings;
import java.util.List;
import java.util.stream.Collectors;
import kdump.policies.block.Block;
import kdump.policies.blockatcrash.BlockAtCrash;
import kdump.policies.clearbusmaster.ClearBusMaster;
import kdump.policies.copypagetables.CopyPageTables;
import kdump.policies.copytables.CopyTables;
import kdump.policies.crashpathdisable.CrashPathDisable;
import kdump.policies.disablereinit.DisableReinit;
import kdump.policies.identitymap.IdentityMapCrashRange;
import kdump.policies.keepandseparate.KeepAndSeparate;
import kdump.policies.keepnonzero.KeepNonzero;
import kdump.policies.leavedisabled.LeaveDisabled;
import kdump.policies.resetatprobe.ResetAtProbe;
import kdump.policies.resetdevices.Config;
import kdump.policies.resetdevices.Indoh1;
import kdump.policies.resetdevices.Indoh2;
import kdump.policies.resetdevices.Indoh3;
import kdump.policies.resetdevices.Indoh4;
import kdump.policies.resetdevices.ResetDevices;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import kdump.policies.scratchpage.ScratchPage;

/** All policies by name, machines by the units that they have, and steps in few words. */
final class Policies {

    /** The names of all policies. */
    static final List<String> NAMES = List.of("copy-tables", "copy-page-tables", "reuse-root",
            "reuse-in-place", "disable-reinit", "leave-disabled", "reset-devices",
            "identity-map-crash-range", "block", "scratch-page", "keep-and-separate",
            "keep-nonzero", "reset-at-probe", "crash-path-disable", "block-at-crash",
            "clear-bus-master", "indoh-1", "indoh-2", "indoh-3", "indoh-4");

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
            case "identity-map-crash-range" -> identityMap();
            case "block" -> new Block();
            case "scratch-page" -> new ScratchPage();
            case "keep-and-separate" -> new KeepAndSeparate();
            case "keep-nonzero" -> new KeepNonzero();
            case "reset-at-probe" -> new ResetAtProbe();
            case "crash-path-disable" -> new CrashPathDisable();
            case "block-at-crash" -> new BlockAtCrash(
                    Settings.of(kdump.policies.blockatcrash.Config.class));
            case "clear-bus-master" ->
                    new ClearBusMaster(Settings.of(kdump.policies.clearbusmaster.Config.class));
            case "indoh-1" -> new Indoh1(attempt(Indoh1.class));
            case "indoh-2" -> new Indoh2(attempt(Indoh2.class));
            case "indoh-3" -> new Indoh3(attempt(Indoh3.class));
            case "indoh-4" -> new Indoh4(attempt(Indoh4.class));
            default -> throw new IllegalArgumentException("no policy " + name);
        };
    }

    static ResetDevices resetDevices(int resetMillis, int settleMillis) {
        return resetDevices("resetMillis", resetMillis, "settleMillis", settleMillis);
    }

    static ResetDevices resetDevices(Object... settings) {
        return new ResetDevices(Settings.of(Config.class, settings));
    }

    static IdentityMapCrashRange identityMap(Object... settings) {
        return new IdentityMapCrashRange(
                Settings.of(kdump.policies.identitymap.Config.class, settings));
    }

    private static Config attempt(Class<? extends ResetDevices> type) {
        return type.getAnnotation(Config.class);
    }

    /** Returns a machine: a letter a unit, v whose interrupts stand apart, a that shares tables. */
    static FakeHandover machine(String units) {
        var machine = new FakeHandover();
        units.chars().filter(unit -> unit != '-').forEach(unit ->
                machine.unit(unit == 'a' ? "amdvi" : "vtd", unit == 'a', null));
        return machine;
    }

    /** Returns steps as "off 0, clean 0"; "-" for none but remarks. */
    static String brief(List<Step> all) {
        List<Step> steps = acts(all);
        return steps.isEmpty() ? "-"
                : steps.stream().map(Policies::brief).collect(Collectors.joining(", "));
    }

    /** Returns the steps that do something. */
    static List<Step> acts(List<Step> steps) {
        return steps.stream().filter(step -> !(step instanceof Step.Remark)).toList();
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
        if (step instanceof Step.StartBlocked s) {
            return "blocked " + s.unit();
        }
        if (step instanceof Step.MapScratch s) {
            return "scratch " + s.unit();
        }
        if (step instanceof Step.BlockFunction s) {
            return "block " + Integer.toHexString(s.requester());
        }
        return step instanceof Step.IdentityMap s ? "map " + Integer.toHexString(s.requester())
                : step.getClass().getSimpleName();
    }
}
