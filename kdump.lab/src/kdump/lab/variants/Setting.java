// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import kdump.lab.variants.ConfigurablePolicies.Configurable;
import org.osgi.framework.Bundle;
import org.osgi.service.metatype.AttributeDefinition;
import org.osgi.service.metatype.ObjectClassDefinition;

/**
 * A setting as metatype describes it.
 *
 * @param type as people read it
 * @param standard its default; of several values with commas
 * @param allowed values, in words; empty for any of its type
 */
record Setting(String name, String type, String standard, String allowed) {

    /** Returns the settings of a policy, in the order in which they are declared. */
    static List<Setting> of(Configurable policy) throws IOException {
        var settings = new ArrayList<Setting>();
        String description = description(policy.bundle(), policy.type().getID());
        for (AttributeDefinition one : policy.type()
                .getAttributeDefinitions(ObjectClassDefinition.ALL)) {
            String[] standard = one.getDefaultValue();
            settings.add(new Setting(one.getID(), type(one), standard == null ? ""
                    : String.join(",", standard), allowed(one, description)));
        }
        return settings;
    }

    private static String type(AttributeDefinition of) {
        return switch (of.getType()) {
            case AttributeDefinition.BOOLEAN -> "Boolean";
            case AttributeDefinition.INTEGER -> "Integer";
            case AttributeDefinition.LONG -> "Long";
            case AttributeDefinition.DOUBLE -> "Double";
            default -> "String";
        } + (of.getCardinality() == 0 ? "" : "[]");
    }

    private static String allowed(AttributeDefinition of, String description) {
        if (of.getOptionValues() != null && of.getOptionValues().length > 0) {
            return String.join(", ", of.getOptionValues());
        }
        return of.getType() == AttributeDefinition.BOOLEAN ? "true, false"
                : range(of.getID(), description);
    }

    /** The service tells no limits: they are in the description alone. */
    static String range(String name, String description) {
        Matcher one = Pattern.compile("<AD [^>]*\\bid=\"" + Pattern.quote(name) + "\"[^>]*>")
                .matcher(description);
        if (!one.find()) {
            return "";
        }
        String min = attribute("min", one.group());
        String max = attribute("max", one.group());
        return min.isEmpty() && max.isEmpty() ? "" : max.isEmpty() ? min + " or more"
                : min.isEmpty() ? max + " or less" : min + " to " + max;
    }

    private static String attribute(String name, String element) {
        Matcher found = Pattern.compile("\\b" + name + "=\"([^\"]*)\"").matcher(element);
        return found.find() ? found.group(1) : "";
    }

    private static String description(Bundle bundle, String type) throws IOException {
        Enumeration<URL> files = bundle.findEntries("OSGI-INF/metatype", "*.xml", false);
        for (URL file : files == null ? List.<URL>of() : Collections.list(files)) {
            try (InputStream in = file.openStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                if (text.contains("<OCD id=\"" + type + "\"")) {
                    return text;
                }
            }
        }
        return "";
    }
}
