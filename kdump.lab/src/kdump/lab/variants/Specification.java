// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.api.LabException;

/**
 * A variant as somebody asks for it.
 *
 * @param name of its own
 * @param policy that it is a variant of
 * @param settings values by name, in their order
 */
record Specification(String name, String policy, Map<String, List<String>> settings) {

    private static final Pattern FORM =
            Pattern.compile("([a-z0-9][a-z0-9.-]*)=([a-z0-9][a-z0-9.-]*)((?:,[^,=]+=[^,]*)*)");

    /**
     * Reads {@code NAME=POLICY,setting=value,...}.
     *
     * @throws LabException if it is not of that form
     */
    static Specification parse(String text) throws LabException {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new LabException("variant '" + text
                    + "', expected NAME=POLICY,setting=value,...");
        }
        var settings = new LinkedHashMap<String, List<String>>();
        for (String pair : form.group(3).split(",")) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                settings.computeIfAbsent(pair.substring(0, equals), s -> new ArrayList<>())
                        .add(pair.substring(equals + 1));
            }
        }
        return new Specification(form.group(1), form.group(2), settings);
    }
}
