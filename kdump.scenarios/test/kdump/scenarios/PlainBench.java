// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

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
import iommu.api.machine.MachineImporter;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import kdump.importers.CaptureDirectoryImporter;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Target;
import kdump.lab.api.experiment.Experiment;
import kdump.lab.api.experiment.Experiments;
import kdump.lab.api.experiment.Hardware;
import kdump.lab.api.experiment.Observer;
import kdump.lab.engine.machine.Services;
import kdump.lab.engine.run.PolicySession;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.verdict.Experimenter;
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
import kdump.policies.resetdevices.ResetDevices;
import kdump.policies.reuseinplace.ReuseInPlace;
import kdump.policies.reuseroot.ReuseRoot;
import kdump.policies.scratchpage.ScratchPage;

/** The real rooms without a framework; machines are booted once. */
public final class PlainBench implements Experiments {

    private static final Services SERVICES = new Services(
            Map.of("vtd", new VtdVendor(), "amdvi", new AmdViVendor(), "calgary",
                    new CalgaryVendor(), "gart", new GartVendor()),
            List.of(new AhciModel(), new BmcModel(), new E1000eModel(), new EhciModel(),
                    new GraphicsModel(), new NvmeModel(), new Rdma(), new SmartArray(),
                    new UhciModel(), new XhciModel(), new RingDma(false)),
            new PcieFabricFactory(), new RootComplexes(),
            Map.of("vtd", new VtdHandover(), "amdvi", new AmdViHandover(), "calgary",
                    new CalgaryHandover(), "gart", new GartHandover()),
            List.of(new Swiotlb(), new NoIommu())).withInterruptControllers(new IoApics());
    private static final Map<String, HandoverPolicy> POLICIES = house();

    private final Experimenter experimenter = new Experimenter(SERVICES);
    private final Map<String, MachineDescription> booted = new TreeMap<>();

    private static Map<String, HandoverPolicy> house() {
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
        all.put("identity-map-crash-range", new IdentityMapCrashRange(
                Settings.of(kdump.policies.identitymap.Config.class)));
        all.put("indoh-1", new Indoh1(Indoh1.class.getAnnotation(Config.class)));
        all.put("indoh-2", new Indoh2(Indoh2.class.getAnnotation(Config.class)));
        all.put("indoh-3", new Indoh3(Indoh3.class.getAnnotation(Config.class)));
        all.put("indoh-4", new Indoh4(Indoh4.class.getAnnotation(Config.class)));
        all.put("keep-and-separate", new KeepAndSeparate());
        all.put("keep-nonzero", new KeepNonzero());
        all.put("leave-disabled", new LeaveDisabled());
        all.put("reset-at-probe", new ResetAtProbe());
        all.put("reset-devices", new ResetDevices(Settings.of(Config.class)));
        all.put("reuse-in-place", new ReuseInPlace());
        all.put("reuse-root", new ReuseRoot());
        all.put("scratch-page", new ScratchPage());
        return all;
    }

    static Path root() {
        Path at = Path.of(System.getProperty("lab.root", "")).toAbsolutePath();
        while (!Files.isDirectory(at.resolve("docs/captures"))) {
            at = at.getParent();
        }
        return at;
    }

    @Override
    public MachineDescription machine(Target target, KernelChoice kernels,
            UnaryOperator<MachineDescription> altered) throws LabException {
        MachineDescription machine = altered.apply(read(target.text()));
        if (!booted.containsKey(machine + " " + kernels)) {
            booted.put(machine + " " + kernels, ColdBoot.boot(machine, SERVICES, kernels));
        }
        return booted.get(machine + " " + kernels);
    }

    private static MachineDescription read(String name) throws LabException {
        Path file = root().resolve("docs/machines/" + name + ".yaml");
        MachineImporter importer = Files.exists(file) ? new MachineFileImporter()
                : new CaptureDirectoryImporter();
        try {
            return importer.read(Files.exists(file) ? file
                    : root().resolve("docs/captures/" + name), null);
        } catch (IOException e) {
            throw new LabException(e.getMessage(), e);
        }
    }

    @Override
    public Set<String> policies() {
        return POLICIES.keySet();
    }

    @Override
    public <T> T run(Experiment experiment, Observer<T> observer) throws LabException {
        String name = experiment.policy();
        return experimenter.run(experiment,
                name == null ? null : session(name, POLICIES.get(name)), observer);
    }

    @Override
    public Hardware bare(MachineDescription machine, RunOptions options) throws LabException {
        return experimenter.bare(machine, options);
    }

    private static PolicySession session(String name, HandoverPolicy policy) {
        return new PolicySession() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view,
                    HandoverNotes notes) {
                return policy.decide(event, view, notes);
            }

            @Override
            public Class<?> policyClass() {
                return policy.getClass();
            }
        };
    }
}
