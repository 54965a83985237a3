// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import kdump.lab.api.LabException;

/**
 * What the host puts behind devices, by name: drives, and networks, which take every frame and send
 * none. One device uses each.
 */
final class HostBackends {

    private static final Set<String> NETWORKS = Set.of("user", "hubport", "socket", "tap",
            "bridge", "vde");

    private final Map<String, Drive> drives = new HashMap<>();
    private final Set<String> drivesInUse = new HashSet<>();
    private final Set<String> networks = new HashSet<>();
    private final Set<String> networksInUse = new HashSet<>();

    /** Takes a {@code -drive}. */
    void drive(Properties drive, Path directory) throws LabException {
        Drive made = Drive.ofDrive(drive, directory);
        if (drives.putIfAbsent(made.id(), made) != null) {
            throw drive.refusal("Duplicate ID '" + made.id() + "' for drive");
        }
    }

    /** Takes a {@code -blockdev}; a node below it comes before it. */
    void node(Properties node, Path directory) throws LabException {
        Drive made = Drive.ofNode(node, drives.get(node.peek("file")), directory);
        if (drives.putIfAbsent(made.id(), made) != null) {
            throw node.refusal("Duplicate nodes with node-name='" + made.id() + "'");
        }
    }

    /** Takes a {@code -netdev}, whatever else it says. */
    void network(Properties network) throws LabException {
        if (!NETWORKS.contains(network.value())) {
            throw network.refusal("Parameter 'type' does not accept value '" + network.value()
                    + "'");
        }
        if (network.id() == null) {
            throw network.refusal("Parameter 'id' is missing");
        }
        if (!networks.add(network.id())) {
            throw network.refusal("Duplicate ID '" + network.id() + "' for netdev");
        }
    }

    /** Returns a drive of that name, or null. */
    Drive drive(String id) {
        return drives.get(id);
    }

    /** Gives a device its drive. */
    void useDrive(Properties device, String id) throws LabException {
        find(device, "drive", id, drives.containsKey(id));
        if (!drivesInUse.add(id)) {
            throw device.refusal("Drive '" + id + "' is already in use by another device");
        }
    }

    /** Gives a device its network. */
    void useNetwork(Properties device, String id) throws LabException {
        find(device, "netdev", id, networks.contains(id));
        if (!networksInUse.add(id)) {
            throw device.refusal("Property '" + device.value() + ".netdev' can't take value '"
                    + id + "', it's in use");
        }
    }

    private static void find(Properties device, String property, String id, boolean found)
            throws LabException {
        if (!found) {
            throw device.refusal("Property '" + device.value() + "." + property
                    + "' can't find value '" + id + "'");
        }
    }
}
