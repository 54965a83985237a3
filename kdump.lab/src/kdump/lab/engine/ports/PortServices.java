// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.ports;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.KernelProfile;
import iommu.api.trace.ConsoleLine;
import iommu.api.trace.EventKind;
import iommu.api.trace.Trace;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import kdump.lab.engine.kernel.Kernel;
import kdump.lab.engine.machine.Machine;

/**
 * A kernel's services of ports, set up once enumeration and units are done: root ports with AER
 * (from 2.6.19 on), ports with DPC (from 4.6 on), each only where its port can interrupt. What an
 * interrupt tells is worked on as soon as the kernel is between two acts. Firmware that keeps
 * errors for itself, and pci=noaer, leave it without them. One thread.
 *
 * <p>Source: Linux, portdrv.c, aer_probe, dpc_probe; the versions are from memory.
 */
public final class PortServices {

    private static final int EXPRESS_TYPE = 0x00f0;
    private static final int ROOT_PORT = 0x0040;

    /** What is to be done, and the event that it is done because of. */
    private record Work(int cause, Runnable body) { }

    private final Kernel kernel;
    private final Machine machine;
    private final LinkRecovery recovery;
    private final Deque<Work> waiting = new ArrayDeque<>();
    private boolean active;
    private int records;
    private boolean hearsFirmware;

    /** @param drivers of the kernel that have probed with success, as they come */
    public PortServices(Kernel kernel, Machine machine, Map<Integer, DeviceDriver> drivers) {
        this.kernel = kernel;
        this.machine = machine;
        recovery = new LinkRecovery(this, kernel, machine, drivers);
        kernel.onFirmwareError(this::firmwareFirst);
    }

    /**
     * Sets services up on ports that were found.
     *
     * @param found requester ids of the functions that enumeration has found
     */
    public void start(Set<Integer> found) {
        hearsFirmware = true;
        if (kernel.profile().setting(KernelProfile.ERROR_SERVICES, 1) == 0) {
            return;
        }
        for (PciFunction port : List.copyOf(machine.functionsThere())) {
            int express = found.contains(port.requesterId()) && recovery.isBridge(port)
                    ? Capabilities.find(port::readConfig, Capabilities.EXPRESS) : 0;
            if (express != 0) {
                start(port, express);
            }
        }
    }

    private void start(PciFunction port, int express) {
        int aer = Capabilities.findExtended(port::readConfig, Capabilities.ADVANCED_ERRORS);
        int dpc = Capabilities.findExtended(port::readConfig, Capabilities.CONTAINMENT);
        boolean root = (port.readConfig(express + 2, 2) & EXPRESS_TYPE) == ROOT_PORT;
        if (root && aer != 0 && kernel.profile().version().atLeast(2, 6, 19)) {
            active |= new AerService(this, kernel, machine, port, aer, recovery).start(express);
        }
        if (dpc != 0 && kernel.profile().version().atLeast(4, 6)) {
            active |= new DpcService(this, kernel, port, dpc, recovery).start();
        }
    }

    /** Has firmware's records heard of: with enumeration from 5.18 on, before with services. */
    public void enumerates() {
        hearsFirmware |= kernel.profile().version().atLeast(5, 18);
    }

    /** Prints the record in which firmware tells of an error (from 2.6.35 on). */
    private void firmwareFirst(int reporter) {
        PciFunction function = machine.fabric().function(reporter);
        if (hearsFirmware && function != null && kernel.profile().version().atLeast(2, 6, 35)) {
            CperLines.of(CperRecord.fatal(function), ++records)
                    .forEach(line -> print(function, line));
        }
    }

    /** Notes the header of a function whose driver can bring it back. */
    public void probed(PciFunction function) {
        if (active) {
            recovery.save(function);
        }
    }

    /** Returns whether there is any service. */
    public boolean isActive() {
        return active;
    }

    /** Returns whether there is something to work on. */
    public boolean hasWork() {
        return !waiting.isEmpty();
    }

    /** Works on what interrupts have told. */
    public void work() {
        while (!waiting.isEmpty()) {
            Work work = waiting.remove();
            int before = machine.trace().enter(work.cause());
            work.body().run();
            machine.trace().leave(before);
        }
    }

    /** Has something done later, because of what happens now. */
    void later(Runnable body) {
        waiting.add(new Work(machine.trace().parent(), body));
    }

    void print(PciFunction about, String line) {
        kernel.print(ConsoleLine.NOTICE, about.requesterId(), line);
    }

    /** Enters what has become of an error. */
    void taken(PciFunction port, PciFunction agent, TakenError error) {
        machine.trace().append(EventKind.ERROR_TAKEN,
                agent == null ? Trace.NOBODY : agent.requesterId(), port.requesterId(), 0, error);
    }
}
