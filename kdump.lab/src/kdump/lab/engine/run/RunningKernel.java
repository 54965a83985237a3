// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.pcie.Upstream.SystemError;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.machine.Machine;

/** The processor of a machine: what reaches it, the kernel that runs on it takes. One thread. */
final class RunningKernel implements Machine.Processor {

    private Kernel kernel;

    RunningKernel(Kernel first) {
        kernel = first;
    }

    /** Returns whether a kernel is the one that runs. */
    boolean is(Kernel other) {
        return kernel == other;
    }

    /** Has another kernel run from now on. */
    void becomes(Kernel other) {
        kernel = other;
    }

    @Override
    public void interrupt(int alias, int vector) {
        kernel.interrupt(alias, vector);
    }

    @Override
    public void interruptPin(int function, boolean asserted) {
        kernel.interruptPin(function, asserted);
    }

    @Override
    public void systemError(int reporter, SystemError error) {
        kernel.systemError(reporter, error);
    }

    @Override
    public void stalled(int function, long nanos) {
        kernel.stalled(function, nanos);
    }

    @Override
    public void machineCheck(String words) {
        kernel.machineCheck(words);
    }

    @Override
    public void faults(int unit) {
        kernel.faults(unit);
    }
}
