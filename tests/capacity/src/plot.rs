//! The figure of the report: memory by connections, and CPU by deliveries.

use std::path::Path;

use launch::Result;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::run::Results;
use crate::world::Sample;

const SIZE: (u32, u32) = (960, 400);
const FONT: &str = "sans-serif";

/// One line of a chart.
struct Line {
    name: &'static str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// # Errors
///
/// If the file cannot be written.
pub(crate) fn draw(results: &Results, file: &Path) -> Result {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    // A page may be dark: the figure is not.
    area.fill(&WHITE)?;
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    chart(
        &left,
        ["Memory of the nodes", "connections", "MB"],
        &memory(results),
    )?;
    chart(
        &right,
        ["CPU", "deliveries a second", "cores"],
        &cpu(results),
    )?;
    Ok(area.present()?)
}

fn memory(results: &Results) -> [Line; 2] {
    let line = |name, color, bytes: fn(&Sample) -> f64| {
        let first = (0.0, bytes(&results.empty) / 1e6);
        let opened = results.opened.iter();
        let rest = opened.map(|step| (step.connections as f64, bytes(&step.after) / 1e6));
        let points = std::iter::once(first).chain(rest).collect();
        Line {
            name,
            color,
            points,
        }
    };
    [
        line("heap and stacks", BLUE, |sample| sample.nodes.anonymous),
        line("RSS", RED, |sample| sample.nodes.rss),
    ]
}

fn cpu(results: &Results) -> [Line; 3] {
    let idle = &results.idle;
    let chats = results.chats.iter();
    let chats = chats.map(|chat| (chat.received as f64, &chat.before, &chat.after));
    let loads: Vec<_> = std::iter::once((0.0, &idle.before, &idle.after))
        .chain(chats)
        .collect();
    let line = |name, color, seconds: fn(&Sample) -> f64| {
        let points = loads.iter().map(|(received, before, after)| {
            let time = (after.at - before.at).as_secs_f64();
            (received / time, (seconds(after) - seconds(before)) / time)
        });
        let points = points.collect();
        Line {
            name,
            color,
            points,
        }
    };
    [
        line("nodes", BLUE, |sample| sample.nodes.cpu),
        line("clients", RED, |sample| sample.clients.cpu),
        line("Redis", GREEN, |sample| sample.redis.cpu),
    ]
}

/// Lines over axes that begin at zero.
fn chart(area: &Area<'_>, [title, across, up]: [&str; 3], lines: &[Line]) -> Result {
    let points = || lines.iter().flat_map(|line| &line.points);
    // A little more than the largest, and never an axis without a length.
    let end = |largest: f64| largest.max(1e-3) * 1.1;
    let width = end(points().fold(0.0, |largest, point| point.0.max(largest)));
    let height = end(points().fold(0.0, |largest, point| point.1.max(largest)));
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 22))
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..width, 0.0..height)?;
    chart
        .configure_mesh()
        .x_desc(across)
        .y_desc(up)
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 17))
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| match height > 10.0 {
            true => format!("{value:.0}"),
            false => format!("{value:.2}"),
        })
        .light_line_style(TRANSPARENT)
        .draw()?;
    for line in lines {
        let color = line.color;
        let drawn = LineSeries::new(line.points.iter().copied(), color.stroke_width(2));
        chart
            .draw_series(drawn.point_size(3))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .label_font((FONT, 17))
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(TRANSPARENT)
        .draw()?;
    Ok(())
}
