// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.setup;

import iommu.api.machine.MachineDescription;
import iommu.api.profile.HardwareProfile;
import iommu.api.profile.UnitProfile;
import iommu.api.unit.IommuVendor;
import java.util.TreeSet;
import kdump.lab.api.HardwareChoice;
import kdump.lab.engine.machine.Services;

/** Gives the units of a machine the ways that the user chose. */
public final class HardwareChooser {

    private final MachineDescription machine;
    private final Services services;
    private final HardwareChoice choice;

    private HardwareChooser(MachineDescription machine, Services services, HardwareChoice choice) {
        this.machine = machine;
        this.services = services;
        this.choice = choice;
    }

    /**
     * Returns the machine with its units as chosen.
     *
     * @throws IllegalArgumentException if a profile or a setting is one that the vendors of its
     *     units do not know; whether they take a value shows when a unit is made
     */
    public static MachineDescription choose(MachineDescription machine, Services services,
            HardwareChoice choice) {
        var chooser = new HardwareChooser(machine, services, choice);
        choice.settings().keySet().forEach(chooser::check);
        return choice.equals(HardwareChoice.DEFAULT) ? machine
                : machine.withUnits(machine.units().stream()
                        .map(unit -> unit.withProfile(chooser.chosen(unit.profile()))).toList());
    }

    private void check(String name) {
        var known = new TreeSet<String>();
        services.vendors().forEach((vendor, service) -> service.unitSettings()
                .forEach(setting -> known.add(vendor + "." + setting)));
        if (!known.contains(name)) {
            throw new IllegalArgumentException("unknown unit setting '" + name
                    + "', expected one of " + String.join(", ", known));
        }
        if (machine.units().stream().noneMatch(u -> name.startsWith(u.profile().vendor() + "."))) {
            throw new IllegalArgumentException("unit setting '" + name + "', but " + machine.name()
                    + " has no such unit");
        }
    }

    private UnitProfile chosen(UnitProfile found) {
        UnitProfile profile = choice.profile() == null ? found
                : named(found.vendor()).over(found);
        String prefix = found.vendor() + ".";
        for (var setting : choice.settings().entrySet()) {
            if (setting.getKey().startsWith(prefix)) {
                profile = profile.with(setting.getKey().substring(prefix.length()),
                        setting.getValue());
            }
        }
        return profile;
    }

    private HardwareProfile named(String vendorName) {
        IommuVendor vendor = services.vendor(vendorName);
        HardwareProfile named = vendor.hardwareProfiles().get(choice.profile());
        if (named == null) {
            throw new IllegalArgumentException("unknown hardware profile '" + choice.profile()
                    + "' of a " + vendorName + " unit, expected one of "
                    + String.join(", ", new TreeSet<>(vendor.hardwareProfiles().keySet())));
        }
        return named;
    }
}
