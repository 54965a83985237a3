// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.errors;

import iommu.api.kdump.HandoverPolicy;
import iommu.api.machine.MachineDescription;
import iommu.api.pcie.Capabilities;
import iommu.api.pcie.FunctionConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import kdump.importers.machinefile.MachineFileImporter;
import kdump.lab.api.KernelChoice;
import kdump.lab.api.LabException;
import kdump.lab.api.RunOptions;
import kdump.lab.api.Verdict;
import kdump.lab.api.Why;
import kdump.lab.api.WhyQuestion;
import kdump.lab.engine.Fixture;
import kdump.lab.engine.setup.ColdBoot;
import kdump.lab.engine.setup.FaultInjection;
import kdump.lab.engine.verdict.Runner;

/** A built-in machine for tests of errors in its fabric. */
record ErrorMachine(MachineDescription description) {

    static ErrorMachine of(String name) {
        return of(name, text -> text);
    }

    /** Boots a built-in machine whose file says something else. */
    static ErrorMachine of(String name, UnaryOperator<String> change) {
        try {
            Path file = Files.createTempFile(name, ".yaml");
            try {
                Files.writeString(file, change.apply(Files.readString(
                        Fixture.root().resolve("docs/machines/" + name + ".yaml"))));
                return new ErrorMachine(ColdBoot.boot(new MachineFileImporter().read(file, null),
                        Fixture.ALL_MODELS, KernelChoice.DEFAULT));
            } finally {
                Files.delete(file);
            }
        } catch (IOException | LabException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns this machine with the bytes of one function's config space changed. */
    ErrorMachine with(int requester, Consumer<FunctionConfig> change) {
        List<FunctionConfig> functions = description.functions().stream().map(f -> {
            if (f.requesterId() != requester) {
                return f;
            }
            var changed = new FunctionConfig(requester, f.config().clone());
            change.accept(changed);
            return changed;
        }).toList();
        return new ErrorMachine(description.withFunctions(functions));
    }

    /** Returns this machine with bits of a register of a function's capability set or cleared. */
    ErrorMachine with(int requester, int capability, int offset, int clear, int set) {
        return with(requester, f -> {
            int at = capability == 0 ? 0 : Capabilities.find(f::read, capability);
            int value = f.u16(at + offset) & ~clear | set;
            f.config()[at + offset] = (byte) value;
            f.config()[at + offset + 1] = (byte) (value >>> 8);
        });
    }

    Verdict run(HandoverPolicy policy, RunOptions options) {
        try {
            return runner(options).run(Fixture.session(policy), false, FaultInjection.NONE)
                    .verdict();
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }

    Runner runner(RunOptions options) throws LabException {
        return new Runner(description, Fixture.ALL_MODELS, options);
    }

    /** Returns what each link of a chain says. */
    List<String> why(HandoverPolicy policy, RunOptions options, WhyQuestion.Figure figure) {
        try {
            return runner(options).why(() -> Fixture.session(policy),
                    new WhyQuestion(figure, -1, -1, 1)).chain().stream().map(Why.Link::event)
                    .toList();
        } catch (LabException e) {
            throw new AssertionError(e);
        }
    }
}
