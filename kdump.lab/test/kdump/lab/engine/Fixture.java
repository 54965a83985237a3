// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import devices.pcie.ahci.AhciModel;
import devices.pcie.bmc.BmcModel;
import devices.pcie.e1000e.E1000eModel;
import devices.pcie.ehci.EhciModel;
import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.graphics.GraphicsModel;
import devices.pcie.ioapic.IoApics;
import devices.pcie.nvme.NvmeModel;
import devices.pcie.raid.SmartArray;
import devices.pcie.rdma.Rdma;
import devices.pcie.ringdma.RingDma;
import devices.pcie.root.RootComplexes;
import devices.pcie.uhci.UhciModel;
import devices.pcie.xhci.XhciModel;
import iommu.amdvi.linux.AmdViHandover;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.api.machine.RunDefaults;
import iommu.legacy.calgary.linux.CalgaryHandover;
import iommu.legacy.calgary.vendor.CalgaryVendor;
import iommu.legacy.gart.linux.GartHandover;
import iommu.legacy.gart.vendor.GartVendor;
import iommu.legacy.none.NoIommu;
import iommu.legacy.swiotlb.Swiotlb;
import iommu.testkit.Settings;
import iommu.vtd.linux.handover.VtdHandover;
import iommu.vtd.vendor.VtdVendor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.importers.CaptureDirectoryImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.TimelineEntry;
import kdump.lab.api.Verdict;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.setup.Scenario;
import kdump.lab.engine.verdict.Runner;
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
import kdump.policies.linux.Linux;
import kdump.policies.resetatprobe.ResetAtProbe;
import kdump.policies.resetdevices.Config;
import kdump.policies.resetdevices.Indoh1;
import kdump.policies.resetdevices.Indoh2;
import kdump.policies.resetdevices.Indoh3;
import kdump.policies.resetdevices.Indoh4;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import kdump.policies.scratchpage.ScratchPage;

/** The real rooms, put together without a framework. */
public final class Fixture {

    /** A ring engine behind every function: what the engine does, whatever the devices are. */
    public static final Services SERVICES = new Services(
            Map.of("vtd", new VtdVendor(), "amdvi", new AmdViVendor(), "calgary",
                    new CalgaryVendor(), "gart", new GartVendor()),
            List.of(new RingDma()), new PcieFabricFactory(), new RootComplexes(),
            Map.of("vtd", new VtdHandover(), "amdvi", new AmdViHandover(), "calgary",
                    new CalgaryHandover(), "gart", new GartHandover()),
            List.of(new Swiotlb(), new NoIommu())).withInterruptControllers(new IoApics());

    /** The same with a model for every kind of device, as the lab has them. */
    public static final Services ALL_MODELS = SERVICES.withModels(
            List.of(new AhciModel(), new BmcModel(), new E1000eModel(), new EhciModel(),
                    new GraphicsModel(), new NvmeModel(), new Rdma(), new SmartArray(),
                    new UhciModel(), new XhciModel(), new RingDma(false)));

    private Fixture() { }

    /** Returns the folder of the workspace. */
    public static Path root() {
        Path at = Path.of(System.getProperty("lab.root", "")).toAbsolutePath();
        while (!Files.isDirectory(at.resolve("docs/captures"))) {
            at = at.getParent();
        }
        return at;
    }

    /**
     * Returns a machine of docs/captures with units as its files say, not as QEMU, which made them,
     * has them.
     */
    public static MachineDescription machine(String name) {
        try {
            return new CaptureDirectoryImporter()
                    .read(root().resolve("docs/captures/" + name), null)
                    .withRunDefaults(RunDefaults.NONE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns all policies of the house by name. */
    public static Map<String, HandoverPolicy> policies() {
        var all = new TreeMap<String, HandoverPolicy>();
        all.put("linux", new Linux());
        all.put("block", new Block());
        all.put("block-at-crash", new BlockAtCrash(
                Settings.of(kdump.policies.blockatcrash.Config.class)));
        all.put("clear-bus-master", new ClearBusMaster(
                Settings.of(kdump.policies.clearbusmaster.Config.class)));
        all.put("copy-page-tables", new CopyPageTables());
        all.put("copy-tables", new CopyTables());
        all.put("crash-path-disable", new CrashPathDisable());
        all.put("disable-reinit", new DisableReinit());
        all.put("identity-map-crash-range", identityMap());
        all.put("indoh-1", new Indoh1(Indoh1.class.getAnnotation(Config.class)));
        all.put("indoh-2", new Indoh2(Indoh2.class.getAnnotation(Config.class)));
        all.put("indoh-3", new Indoh3(Indoh3.class.getAnnotation(Config.class)));
        all.put("indoh-4", new Indoh4(Indoh4.class.getAnnotation(Config.class)));
        all.put("keep-and-separate", new KeepAndSeparate());
        all.put("keep-nonzero", new KeepNonzero());
        all.put("leave-disabled", new LeaveDisabled());
        all.put("reset-at-probe", new ResetAtProbe());
        all.put("reset-devices", ResetDevicesTest.POLICY);
        all.put("reuse-in-place", new ReuseInPlace());
        all.put("reuse-root", new ReuseRoot());
        all.put("scratch-page", new ScratchPage());
        return all;
    }

    /** Returns the policy of an identity map, with settings that differ from their defaults. */
    public static HandoverPolicy identityMap(Object... settings) {
        return new IdentityMapCrashRange(
                Settings.of(kdump.policies.identitymap.Config.class, settings));
    }

    /** Returns a runner of a machine. */
    public static Runner runner(MachineDescription machine, RunOptions options) {
        try {
            return new Runner(machine, SERVICES, options);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs a policy on a machine of docs/captures. */
    public static Verdict run(String machine, HandoverPolicy policy, RunOptions options) {
        return crash(machine, policy, options, FaultInjection.NONE).verdict();
    }

    /** Runs a policy and returns the timeline too. */
    public static Crash crash(String machine, HandoverPolicy policy, RunOptions options,
            FaultInjection injection) {
        return crash(runner(machine(machine), options), session(policy), true, injection);
    }

    /** Returns what happened until the machine was to restart: units are switched off then. */
    public static List<TimelineEntry> beforeRestart(Crash crash) {
        return crash.timeline().stream().takeWhile(e -> !e.what().equals("reboot")).toList();
    }

    /** Runs what decides like a policy. */
    public static Crash crash(Runner runner, PolicySession policy, boolean trace,
            FaultInjection injection) {
        try {
            return runner.run(policy, trace, injection);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs a machine that differs from the runner's. */
    public static Crash crash(Runner runner, Scenario other, PolicySession policy,
            boolean trace) {
        try {
            return runner.run(other, policy, trace);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the policy as the engine asks it. */
    public static PolicySession session(HandoverPolicy policy) {
        return new PolicySession() {
            @Override
            public String name() {
                return policy.getClass().getSimpleName();
            }

            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
                return policy.decide(event, view, notes);
            }

            @Override
            public Class<?> policyClass() {
                return policy.getClass();
            }
        };
    }
}
