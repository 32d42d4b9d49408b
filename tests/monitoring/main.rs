//! What watches the service: Prometheus' configuration and rules, Grafana's dashboards, and the pages that their
//! alerts lead to. Some tests read the files, one holds every expression against a running Prometheus.

#[cfg(test)]
mod dashboards;
#[cfg(test)]
mod expression;
#[cfg(test)]
mod files;
#[cfg(test)]
mod live;
#[cfg(test)]
mod prometheus;
#[cfg(test)]
mod rules;
