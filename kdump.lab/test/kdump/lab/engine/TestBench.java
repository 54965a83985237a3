// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import devices.pcie.fabric.PcieFabricFactory;
import devices.pcie.ringdma.RingDma;
import iommu.amdvi.vendor.AmdViVendor;
import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.Step;
import iommu.api.machine.MachineDescription;
import iommu.vtd.vendor.VtdVendor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import kdump.importers.CaptureDirectoryImporter;
import kdump.lab.api.Crash;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;

/** A bench of the real rooms, put together without a framework. */
final class TestBench {

    static final Services SERVICES = new Services(
            Map.of("vtd", new VtdVendor(), "amdvi", new AmdViVendor()),
            List.of(new RingDma()), new PcieFabricFactory());

    private TestBench() { }

    /** Returns the folder of the workspace. */
    static Path root() {
        Path at = Path.of(System.getProperty("lab.root", "")).toAbsolutePath();
        while (!Files.isDirectory(at.resolve("docs/captures"))) {
            at = at.getParent();
        }
        return at;
    }

    /** Returns a machine of docs/captures. */
    static MachineDescription machine(String name) {
        try {
            return new CaptureDirectoryImporter()
                    .read(root().resolve("docs/captures/" + name), null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Bench bench(MachineDescription machine, RunOptions options) {
        try {
            return new Bench(machine, SERVICES, options);
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    static Verdict run(String machine, HandoverPolicy policy, RunOptions options) {
        return crash(machine, policy, options, Breakage.NONE).verdict();
    }

    static Crash crash(String machine, HandoverPolicy policy, RunOptions options,
            Breakage breakage) {
        return bench(machine(machine), options).run(decider(policy), true, breakage);
    }

    /** Returns the policy as the engine asks it. */
    static Decider decider(HandoverPolicy policy) {
        return new Decider() {
            @Override
            public String name() {
                return policy.getClass().getSimpleName();
            }

            @Override
            public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
                return policy.decide(event, view, notes);
            }
        };
    }
}
