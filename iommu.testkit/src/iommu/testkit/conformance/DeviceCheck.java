// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.FunctionConfig;
import iommu.api.sim.RandomStream;
import iommu.testkit.FakeFunction;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.opentest4j.AssertionFailedError;

/**
 * Has a device go through what machines do to it. Each method ends with an {@link AssertionError}
 * that says what it has done; a device that never returns makes the method never return, see {@link
 * DeviceConformance}. One thread.
 */
public final class DeviceCheck {

    /** More requests than any device sends in one event. */
    public static final long MOST_REQUESTS = 1 << 20;

    private static final int PROGRAMS = 20;
    private static final int ACCESSES = 300;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;
    private static final int COMMAND = 0x04;
    private static final int MASTER = 0x0004;
    private static final int STORAGE = 0x01;

    private final DeviceModel model;
    private final Supplier<FakeFunction> functions;

    /**
     * Makes the check of one model.
     *
     * @param functions makes a function that the model accepts, as firmware leaves it but that it
     *     decodes memory and is a bus master; anew at each call
     */
    public DeviceCheck(DeviceModel model, Supplier<FakeFunction> functions) {
        this.model = model;
        this.functions = functions;
    }

    private DeviceMachine machine() {
        return new DeviceMachine(model, functions.get());
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new AssertionFailedError(message);
        }
    }

    /** It has a name, accepts its function, and says of any other whether it does. */
    public void accepts() {
        check(model.name() != null && !model.name().isBlank(), "the model has no name");
        check(model.options() != null, "the model's options are null");
        FakeFunction own = functions.get();
        byte[] config = new byte[4096];
        for (int i = 0; i < config.length; i++) {
            config[i] = (byte) own.readConfig(i, 1);
        }
        check(model.accepts(new FunctionConfig(own.requesterId(), config)),
                "the model does not accept its own function");
        var random = new RandomStream(1, "configs");
        for (int i = 0; i < 1000; i++) {
            byte[] other = new byte[i % 3 == 0 ? 64 : i % 3 == 1 ? 256 : 4096];
            for (int at = 0; at < other.length; at++) {
                other[at] = i == 0 ? (byte) -1 : (byte) random.nextInt(256);
            }
            model.accepts(new FunctionConfig(8, other));
            model.activity(new FunctionConfig(8, other));
        }
    }

    /**
     * Software may access any register with any width and value, over memory that holds anything:
     * nothing is thrown, and work is bounded. The same accesses have the same effects.
     */
    public void takesEveryAccess() {
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            check(program(machine(), seed) == program(machine(), seed),
                    "program " + seed + " of random accesses runs otherwise the second time");
        }
    }

    /** Runs random accesses; returns a digest of what was read and sent. */
    private long program(DeviceMachine machine, int seed) {
        var random = new RandomStream(seed, "accesses");
        for (long at = 0; at < 1 << 16; at += Long.BYTES) {
            machine.memory().write64(at, random.oneIn(2) ? random.nextInt(1 << 16)
                    : random.nextLong());
        }
        long digest = 0;
        List<Bar> bars = machine.device().bars();
        check(bars != null, "the BARs are null");
        for (int i = 0; i < ACCESSES && !bars.isEmpty(); i++) {
            Bar bar = bars.get(random.nextInt(bars.size()));
            int bytes = 1 << random.nextInt(4);
            long span = random.oneIn(4) ? bar.bytes() : Math.min(bar.bytes(), 256);
            if (bytes > span) {
                continue;
            }
            long offset = random.between(0, span / bytes - 1) * bytes;
            try {
                if (random.oneIn(3)) {
                    digest = digest * 31 + machine.function().readRegister(bar.index(), offset,
                            bytes);
                } else {
                    machine.function().writeRegister(bar.index(), offset, bytes, value(random));
                }
                machine.advance(random.nextInt(200_000));
            } catch (RuntimeException e) {
                throw new AssertionFailedError("program " + seed + ", access " + i + ", "
                        + bytes + " bytes at 0x" + Long.toHexString(offset) + " of BAR "
                        + bar.index() + ": " + e, e);
            }
        }
        return RandomStream.mix(digest) + machine.dma().digest();
    }

    private static long value(RandomStream random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> 1L << random.nextInt(Long.SIZE);
            case 2 -> random.nextInt(16) * PhysicalMemory.PAGE_BYTES;
            default -> random.nextInt(256);
        };
    }

    /** A reset is told, and after it the device sends nothing until it is set up again. */
    public void isSilentAfterAReset() {
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            DeviceMachine machine = machine();
            machine.firstDriver().start(DeviceMachine.workload(seed % 2 == 0), seed);
            machine.advance(10 * MILLI);
            program(machine, seed);
            int before = machine.resets();
            machine.device().reset();
            check(machine.resets() > before, "a reset is not told by DeviceContext.dropped");
            long tried = machine.dma().tried();
            machine.advance(10 * SECOND);
            check(machine.dma().tried() == tried, "after a reset the device sends "
                    + (machine.dma().tried() - tried) + " requests by itself");
        }
    }

    /** With the gate of its function closed a device comes to rest, and it survives that. */
    public void restsWhileItIsNoBusMaster() {
        for (boolean streaming : new boolean[] {false, true}) {
            DeviceMachine machine = machine();
            DeviceDriver driver = machine.firstDriver();
            driver.start(DeviceMachine.workload(streaming), 1);
            machine.advance(10 * MILLI);
            int command = machine.function().readConfig(COMMAND, 2);
            machine.function().writeConfig(COMMAND, 2, command & ~MASTER);
            machine.advance(SECOND);
            long tried = machine.dma().tried();
            machine.advance(SECOND);
            check(machine.dma().tried() == tried, "a second after bus mastering went off the"
                    + " device still tries " + (machine.dma().tried() - tried)
                    + " requests a second");
            machine.function().writeConfig(COMMAND, 2, command);
            machine.serve(driver, 10 * MILLI);
        }
    }

    /** Under its driver a device reaches the memory that is mapped for it, and no other. */
    public void staysInItsMemory() {
        for (int seed = 1; seed <= PROGRAMS; seed++) {
            DeviceMachine machine = machine();
            machine.dma().only(DeviceMachine::isFirstKernels);
            DeviceDriver driver = machine.firstDriver();
            driver.start(DeviceMachine.workload(seed % 2 == 0), seed);
            machine.serve(driver, 100 * MILLI);
        }
    }

    /**
     * The capture kernel's driver takes over a device that still works for the first kernel: it
     * finds that it works, nothing goes to old memory then, and what it writes to a disk is there.
     */
    public void isTakenOver() {
        DeviceMachine machine = machine();
        machine.firstDriver().start(DeviceMachine.workload(true), 1);
        machine.advance(20 * MILLI);
        DeviceDriver driver = machine.driver();
        String failure = driver.probe();
        check(failure == null, "the probe fails: " + failure);
        machine.dma().only(a -> DeviceMachine.isCaptureKernels(a)
                || a < PhysicalMemory.PAGE_BYTES);
        if (machine.function().classCode() >>> 16 == STORAGE) {
            write(machine, driver);
        }
        machine.advance(SECOND);
        failure = driver.shutdown();
        check(failure == null, "the shutdown waits: " + failure);
    }

    private static void write(DeviceMachine machine, DeviceDriver driver) {
        byte[] bytes = new byte[512];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 7 + 1);
        }
        machine.memory().write(0, bytes, 0, bytes.length);
        String failure = driver.write(0, bytes.length, 0);
        check(failure == null, "writing fails: " + failure);
        check(machine.committed().stream().anyMatch(c -> Arrays.equals(c.bytes(), bytes)),
                "what the driver wrote is not on the medium");
    }
}
