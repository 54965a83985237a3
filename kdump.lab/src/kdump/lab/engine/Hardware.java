// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

import iommu.api.machine.MachineDescription;
import iommu.api.machine.UnitDescription;
import iommu.api.memory.AddressRange;
import iommu.api.memory.MemoryKind;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.profile.UnitProfile;
import iommu.api.sim.EventQueue;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RemappingUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.api.RunOptions;
import kdump.lab.engine.Services.DeviceSeat;

/**
 * One machine put together: memory, units, fabric, devices, and the clock they share. Made for one
 * trial; the memory may be a borrowed one that is rolled back afterwards. One thread.
 */
final class Hardware {

    private final MachineDescription description;
    private final AddressRange reservation;
    private final PhysicalMemory memory;
    private final EventQueue queue = new EventQueue();
    private final Services services;
    private final List<RemappingUnit> units = new ArrayList<>();
    private final Map<Integer, DeviceSeat> devices = new HashMap<>();
    private final Map<Integer, FunctionConfig> configs = new HashMap<>();
    private final Fabric fabric;
    private final HostBridge bridge;

    Hardware(Blueprint blueprint, PhysicalMemory memory, Services services, Ledger ledger,
            RunOptions options) {
        this.description = blueprint.description();
        this.reservation = blueprint.reservation();
        this.memory = memory;
        this.services = services;
        for (UnitDescription unit : description.units()) {
            units.add(vendor(unit).unit(unit.profile(), memory));
        }
        bridge = new HostBridge(this, ledger);
        description.functions().forEach(f -> configs.put(f.requesterId(), f));
        fabric = services.fabric().build(description.functions(), bridge,
                (function, dma) -> services.device(configs.get(function.requesterId()),
                        new EngineContext(this, function, dma, ledger, options), devices));
        bridge.origins(new Origins(functionsWithDevice(), this));
        for (int i = 0; i < units.size(); i++) {
            units.get(i).deviceTlbs(new DeviceTlbPath(this, description.units().get(i).segment()));
        }
    }

    /** Returns whether memory at this address takes writes. */
    boolean isWritable(long physicalAddress) {
        return description.memoryMap().kindAt(physicalAddress) != MemoryKind.ROM;
    }

    private IommuVendor vendor(UnitDescription unit) {
        return services.vendor(unit.profile().vendor());
    }

    MachineDescription description() {
        return description;
    }

    AddressRange reservation() {
        return reservation;
    }

    PhysicalMemory memory() {
        return memory;
    }

    EventQueue queue() {
        return queue;
    }

    Services services() {
        return services;
    }

    Fabric fabric() {
        return fabric;
    }

    HostBridge bridge() {
        return bridge;
    }

    List<RemappingUnit> units() {
        return units;
    }

    IommuVendor vendor(int unit) {
        return vendor(description.units().get(unit));
    }

    FunctionConfig config(int requester) {
        return configs.get(requester);
    }

    /** Returns the device behind a function, or null. */
    Device device(int requester) {
        DeviceSeat seat = devices.get(requester);
        return seat == null ? null : seat.device();
    }

    /** Returns the device behind a function with what belongs to it; null if there is none. */
    DeviceSeat seat(int requester) {
        return devices.get(requester);
    }

    /** Returns the functions that have a device behind them, by requester id. */
    List<PciFunction> functionsWithDevice() {
        return fabric.functions().stream().filter(f -> devices.containsKey(f.requesterId()))
                .toList();
    }

    /** Makes units of the same state over {@code other} memory, with empty caches. */
    List<RemappingUnit> unitsOver(PhysicalMemory other) {
        var copies = new ArrayList<RemappingUnit>();
        for (int i = 0; i < units.size(); i++) {
            UnitProfile profile = description.units().get(i).profile();
            var registers = new TreeMap<>(profile.registers());
            for (int offset : registers.keySet()) {
                registers.put(offset, (int) units.get(i).readRegister(offset, 4));
            }
            copies.add(vendor(i).unit(new UnitProfile(profile.vendor(), profile.name(),
                    profile.registerBase(), registers, profile.settings()), other));
        }
        return copies;
    }
}
