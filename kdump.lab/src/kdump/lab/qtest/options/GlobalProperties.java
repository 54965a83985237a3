// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import java.util.ArrayList;
import java.util.List;
import kdump.lab.api.LabException;

/** {@code -global}: a property of all devices of a kind, unless one says otherwise. */
final class GlobalProperties {

    private record Global(String driver, String property, String value, String argument) { }

    private final List<Global> all = new ArrayList<>();

    /** Takes {@code DRIVER.PROPERTY=VALUE}, or all three by name. */
    void add(String argument) throws LabException {
        int dot = argument.indexOf('.');
        int equals = argument.indexOf('=');
        if (dot > 0 && dot < equals) {
            all.add(new Global(argument.substring(0, dot), argument.substring(dot + 1, equals),
                    argument.substring(equals + 1), argument));
            return;
        }
        var named = Properties.listed("-global", argument);
        String driver = named.text("driver", null);
        String property = named.text("property", null);
        String value = named.text("value", null);
        if (driver == null || property == null || value == null) {
            throw named.refusal("expected DRIVER.PROPERTY=VALUE");
        }
        named.refuseOthers();
        all.add(new Global(driver, property, value, argument));
    }

    /**
     * Gives devices what they do not have yet; the last one of a property counts.
     *
     * @throws LabException if no device is of a kind that one is for
     */
    void give(List<Properties> devices) throws LabException {
        for (int i = all.size() - 1; i >= 0; i--) {
            Global global = all.get(i);
            boolean used = false;
            for (Properties device : devices) {
                if (device.value().equals(global.driver)) {
                    device.otherwise(global.property, global.value);
                    used = true;
                }
            }
            if (!used) {
                throw new LabException("-global " + global.argument + ": no -device is a '"
                        + global.driver + "', and the machine's own take no properties");
            }
        }
    }
}
