// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.List;

/**
 * What sits behind a kind of function.
 *
 * @param model name of the device model that makes it
 * @param leastBytes width of the narrowest access that it takes; it answers others with 0
 * @param mostBytes width of the widest access that is handed to it: wider ones come in pieces
 * @param properties what its {@code -device} may say of it, besides where it is plugged
 */
public record Hosted(String model, int leastBytes, int mostBytes,
        List<DeviceProperty> properties) {

    /** Model of the machine itself, which looks past the unit; no bundle makes it. */
    static final String OURS = "iommu-testdev";

    Hosted(String model, int leastBytes, int mostBytes, DeviceProperty... properties) {
        this(model, leastBytes, mostBytes, List.of(properties));
    }

    /** Returns whether the machine makes it by itself. */
    public boolean isOurs() {
        return model.equals(OURS);
    }
}
