// SPDX-License-Identifier: Apache-2.0
package kdump.importers.acpi;

import iommu.api.machine.FirmwareTable.Finding;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The checks of device scopes. Source: VT-d, "Device Scope Structure". */
final class ScopeLint {

    private static final int BRIDGE = 1;
    private static final int SECONDARY_BUS = 0x19;

    private final Map<Integer, FunctionConfig> functions = new HashMap<>();
    private final List<Finding> findings;
    private final Map<String, Integer> served = new HashMap<>();

    ScopeLint(List<FunctionConfig> functions, List<Finding> findings) {
        functions.forEach(f -> this.functions.put(f.requesterId(), f));
        this.findings = findings;
    }

    void check(DmarStructure structure, int segment, Set<Integer> declared) {
        for (DeviceScope scope : structure.scopes()) {
            checkFields(structure, scope, declared);
            boolean pci = scope.type() == DeviceScope.ENDPOINT
                    || scope.type() == DeviceScope.SUB_HIERARCHY;
            if (pci && !functions.isEmpty() && segment <= 0xffff) {
                checkFunction(scope, segment);
            }
            if (structure instanceof Drhd && pci) {
                Integer before = served.putIfAbsent(segment + ":" + scope.startBus()
                        + scope.path(), scope.offset());
                if (before != null) {
                    add(scope.offset(), "scope", "a device that the scope at 0x"
                            + Integer.toHexString(before) + " names too");
                }
            }
        }
    }

    private void add(int offset, String field, String message) {
        findings.add(new Finding(offset, field, message));
    }

    private void checkFields(DmarStructure structure, DeviceScope scope, Set<Integer> declared) {
        int at = scope.offset();
        if (scope.type() < DeviceScope.ENDPOINT || scope.type() > DeviceScope.NAMESPACE_DEVICE) {
            add(at, "scope.type", "unknown type " + scope.type());
        }
        if (structure instanceof Rmrr && (scope.type() == DeviceScope.IO_APIC
                || scope.type() == DeviceScope.HPET)) {
            add(at, "scope.type", "no device that does DMA, in a RMRR");
        }
        if (scope.flags() != 0 && !(structure instanceof DmarStructure.SocDevices)) {
            add(at + 2, "scope.flags", "reserved bits of 0x"
                    + Integer.toHexString(scope.flags()));
        }
        if (scope.type() == DeviceScope.NAMESPACE_DEVICE
                && !declared.contains(scope.enumerationId())) {
            add(at + 4, "scope.enumerationId", "no ANDD declares " + scope.enumerationId());
        }
        int step = at + DeviceScope.HEADER_BYTES;
        for (DeviceScope.Step part : scope.path()) {
            if (part.device() > 31 || part.function() > 7) {
                add(step, "path", String.format("%02x.%x is no function", part.device(),
                        part.function()));
            }
            step += DeviceScope.STEP_BYTES;
        }
    }

    /** Follows the path; each step but the last must be a bridge. */
    private void checkFunction(DeviceScope scope, int segment) {
        int bus = scope.startBus();
        int last = scope.path().size() - 1;
        for (int i = 0; i <= last; i++) {
            DeviceScope.Step step = scope.path().get(i);
            int at = scope.offset() + DeviceScope.HEADER_BYTES + i * DeviceScope.STEP_BYTES;
            if (step.device() > 31 || step.function() > 7) {
                return;
            }
            int requester = RequesterId.of(segment, bus, step.device(), step.function());
            FunctionConfig function = functions.get(requester);
            boolean bridge = function != null && function.headerType() == BRIDGE;
            if (function == null) {
                add(at, "path", RequesterId.format(requester) + " is not there");
                return;
            }
            if (!bridge && (i < last || scope.type() == DeviceScope.SUB_HIERARCHY)) {
                add(at, "path", RequesterId.format(requester) + " is no bridge");
                return;
            }
            if (bridge && i == last && scope.type() == DeviceScope.ENDPOINT) {
                add(at, "path", RequesterId.format(requester) + " is no endpoint");
            }
            bus = bridge ? function.u8(SECONDARY_BUS) : bus;
        }
    }
}
