// SPDX-License-Identifier: Apache-2.0
package kdump.lab.variants;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.api.Lab;
import kdump.lab.api.LabException;
import kdump.lab.api.command.CommandLineInterface.Candidate;
import kdump.lab.api.command.LineCommand;
import kdump.lab.variants.ConfigurablePolicies.Configurable;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.metatype.MetaTypeService;

/**
 * {@code config}: the settings of policies, as Configuration Admin holds them and metatype
 * describes them. A run that begins after a setting has changed has the new one. Thread-safe.
 */
@Component(service = LineCommand.class)
public final class ConfigCommand implements LineCommand {

    private static final String ROW = "%-26s %s%n";

    /** Framework property of the launcher: whether somebody types, or a file of lines is run. */
    private static final String SHELL = "lab.shell";

    private final boolean lasts;
    private final ConfigurationAdmin configurations;
    private final ConfigurablePolicies policies;

    /** Takes what settings are kept by. */
    @Activate
    public ConfigCommand(BundleContext context, @Reference Lab lab,
            @Reference ConfigurationAdmin configurations,
            @Reference MetaTypeService types, @Reference ServiceComponentRuntime components) {
        this.lasts = !"false".equals(context.getProperty(SHELL));
        this.configurations = configurations;
        this.policies = new ConfigurablePolicies(context, lab, configurations, types, components);
    }

    @Override
    public String name() {
        return "config";
    }

    @Override
    public String usage() {
        return "list | show POLICY | set POLICY SETTING=VALUE... | reset POLICY: the settings of"
                + " policies, for runs from then on";
    }

    @Override
    public List<String> examples() {
        return List.of("config list", "config show reset-devices",
                "config set reset-devices resetPhase=T6 resetMillis=5",
                "config reset reset-devices");
    }

    @Override
    public List<Candidate> complete(List<String> words) {
        try {
            return switch (words.size()) {
                case 1 -> List.of(new Candidate("list", "policies that have settings"),
                        new Candidate("reset", "a policy to how it comes"),
                        new Candidate("set", "settings of a policy"),
                        new Candidate("show", "the settings of a policy"));
                case 2 -> words.get(0).equals("list") ? List.of() : policies.all().stream()
                        .map(one -> new Candidate(one.name(), one.pid())).toList();
                default -> words.get(0).equals("set")
                        ? settings(words.get(1), words.get(words.size() - 1)) : List.of();
            };
        } catch (IOException e) {
            return List.of(); // a bundle just goes: nothing to offer
        }
    }

    private List<Candidate> settings(String policy, String typed) throws IOException {
        var found = new ArrayList<Candidate>();
        for (Configurable one : policies.all()) {
            for (Setting setting : one.name().equals(policy) ? Setting.of(one)
                    : List.<Setting>of()) {
                String begun = setting.name() + "=";
                if (!typed.startsWith(begun)) {
                    found.add(new Candidate(begun, setting.type() + ", " + setting.allowed()));
                    continue;
                }
                List<String> values = setting.allowed().contains(", ")
                        ? List.of(setting.allowed().split(", ")) : List.of(setting.standard());
                values.forEach(value -> found.add(new Candidate(begun + value, "")));
            }
        }
        return found;
    }

    @Override
    public void run(List<String> arguments, InputStream in, PrintStream out, Path directory)
            throws LabException, IOException {
        if (!lasts && !arguments.isEmpty() && List.of("set", "reset").contains(arguments.get(0))) {
            throw new LabException("config " + arguments.get(0) + " is for the shell, and for"
                    + " ./lab -f: it ends with this command; --variant gives one command other"
                    + " settings");
        }
        String verb = arguments.isEmpty() ? "" : arguments.get(0);
        List<String> rest = arguments.subList(Math.min(1, arguments.size()), arguments.size());
        switch (verb + " " + Math.min(rest.size(), 2)) {
            case "list 0" -> list(out);
            case "show 1" -> show(policy(rest.get(0)), out);
            case "set 2" -> set(policy(rest.get(0)), rest.subList(1, rest.size()), out);
            case "reset 1" -> reset(policy(rest.get(0)), out);
            default -> throw new LabException("'" + String.join(" ", arguments)
                    + "', expected list, show POLICY, set POLICY SETTING=VALUE..., or reset"
                    + " POLICY");
        }
    }

    private Configurable policy(String name) throws LabException, IOException {
        List<Configurable> all = policies.all();
        return all.stream().filter(policy -> policy.name().equals(name)).findFirst().orElseThrow(
                () -> new LabException((policies.services(name).isEmpty() ? "no policy '" + name
                        + "'" : "policy '" + name + "' has no settings") + "; these have some: "
                        + all.stream().map(Configurable::name)
                                .collect(Collectors.joining(", "))));
    }

    private void list(PrintStream out) throws IOException {
        out.printf(ROW, "policy", "settings that are not as they come");
        for (Configurable policy : policies.all()) {
            out.printf(ROW, policy.name(), values(policy).entrySet().stream()
                    .map(e -> e.getKey() + "=" + ConfigurablePolicies.text(e.getValue()))
                    .collect(Collectors.joining(" ")));
        }
    }

    private void show(Configurable policy, PrintStream out) throws IOException {
        Map<String, Object> values = values(policy);
        String form = "%-18s %-9s %-14s %-14s %s%n";
        out.printf(form, "setting", "type", "value", "default", "allowed");
        for (Setting setting : Setting.of(policy)) {
            Object value = values.get(setting.name());
            out.printf(form, setting.name(), setting.type(),
                    value == null ? setting.standard() : ConfigurablePolicies.text(value),
                    setting.standard(),
                    setting.allowed());
        }
        out.println("configuration " + policy.pid() + (policy.isVariant() ? ", of a variant" : ""));
    }

    private Map<String, Object> values(Configurable policy) throws IOException {
        Configuration configuration = policies.configuration(policy.pid());
        var values = new LinkedHashMap<String, Object>();
        if (configuration != null && configuration.getProperties() != null) {
            Dictionary<String, Object> all = configuration.getProperties();
            for (Setting setting : Setting.of(policy)) {
                if (all.get(setting.name()) != null) {
                    values.put(setting.name(), all.get(setting.name()));
                }
            }
        }
        return values;
    }

    // ---- changes --------------------------------------------------------------------------------

    private void set(Configurable policy, List<String> pairs, PrintStream out)
            throws LabException, IOException {
        var asked = new LinkedHashMap<String, List<String>>();
        for (String pair : pairs) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new LabException("'" + pair + "', expected SETTING=VALUE");
            }
            asked.computeIfAbsent(pair.substring(0, equals), s -> new ArrayList<>())
                    .add(pair.substring(equals + 1));
        }
        Dictionary<String, Object> settings =
                new SettingReader(policy.name(), policy.type()).read(asked);
        Configuration configuration = configurations.getConfiguration(policy.pid(), "?");
        Dictionary<String, Object> before = configuration.getProperties();
        var all = new Hashtable<String, Object>();
        if (before != null) {
            Collections.list(before.keys()).forEach(key -> all.put(key, before.get(key)));
        }
        Collections.list(settings.keys()).forEach(key -> all.put(key, settings.get(key)));
        configuration.update(all);
        if (!policies.awaitSettings(policy.name(), settings) || !policies.works(policy.name())) {
            if (before == null) {
                configuration.delete();
            } else {
                configuration.update(before);
            }
            throw new LabException("policy '" + policy.name() + "' does not take these settings");
        }
        out.println(policy.name() + ": " + String.join(" ", pairs) + ", from the next run on");
    }

    private void reset(Configurable policy, PrintStream out) throws LabException, IOException {
        Configuration configuration = policies.configuration(policy.pid());
        if (configuration == null) {
            out.println(policy.name() + ": is as it comes");
            return;
        }
        configuration.delete();
        var standard = new Hashtable<String, Object>();
        for (Setting setting : Setting.of(policy)) {
            standard.put(setting.name(), setting.standard());
        }
        if (!policies.awaitSettings(policy.name(), policy.isVariant() ? null : standard)) {
            throw new LabException("policy '" + policy.name() + "' keeps its settings");
        }
        out.println(policy.name() + (policy.isVariant() ? ": is no more"
                : ": as it comes, from the next run on"));
    }
}
